import * as path from 'path';

import { expect } from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { badges, execute, freshness, recording, test } from './notebook';

const EXAMPLE = path.resolve(__dirname, '../../examples/flights.ipynb');

/** How many code cells it has. */
const CELLS = 25;

// The example is a real analysis.
test.setTimeout(300000);

test('the example: run all, then change a constant', async ({
  page,
  tmpPath
}, info) => {
  const picture = (name: string): string => info.outputPath(`${name}.png`);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.contents.uploadFile(EXAMPLE, `${tmpPath}/flights.ipynb`);
  await page.notebook.openByPath(`${tmpPath}/flights.ipynb`);
  await recording(page);
  await execute(page, 'nbrewind:open');
  await execute(page, 'notebook:run-all-cells');
  await expect
    .poll(async () => new Set(await freshness(page)), { timeout: 200000 })
    .toEqual(new Set(['fresh']));
  expect(await badges(page).count()).toBe(CELLS);
  await page.screenshot({ path: picture('fresh') });

  // A constant that some of the cells read.
  await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
    const { cells } = panel.content.model!;
    const cell = [...cells].find(({ id }) => id === 'parameters')!;
    const source = cell.sharedModel.getSource();
    cell.sharedModel.setSource(
      source.replace('DELAY_THRESHOLD = 15', 'DELAY_THRESHOLD = 30')
    );
  });
  const filter = page.getByRole('searchbox', { name: /^Filter cells/ });
  await filter.fill('DELAY_THRESHOLD');
  await expect(
    page.getByRole('treeitem', { name: /^Cell 4: .*Edited:/ })
  ).toBeVisible();
  await filter.fill('pivot_table');
  await page.getByRole('treeitem', { name: /Upstream stale/ }).click();
  await filter.fill('');
  await expect(
    page.getByRole('region', { name: 'Selected cell' })
  ).toContainText('Upstream stale');
  const stale = (await freshness(page)).filter(word => word !== 'fresh');
  expect(stale.length).toBeGreaterThan(5);
  expect(stale.length).toBeLessThan(CELLS - 5);
  await page.screenshot({ path: picture('stale') });
});
