import * as path from 'path';

import { expect } from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Page } from '@playwright/test';

import {
  badges,
  evaluate,
  execute,
  freshness,
  recording,
  test
} from './notebook';

const EXAMPLE = path.resolve(__dirname, '../../examples/flights.ipynb');

/** How many code cells it has. */
const CELLS = 25;

// The example is a real analysis.
test.setTimeout(300000);

test(
  'the example: run all, change a constant, bring up to date, rewind',
  { tag: '@slow' },
  async ({ page, tmpPath }, info) => {
    const picture = (name: string): string => info.outputPath(`${name}.png`);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.contents.uploadFile(EXAMPLE, `${tmpPath}/flights.ipynb`);
    await page.notebook.openByPath(`${tmpPath}/flights.ipynb`);
    await recording(page);
    await execute(page, 'nbrewind:open');
    await execute(page, 'notebook:run-all-cells');
    await allFresh(page);
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

    // What is stale runs, and no more.
    const panel = page.getByRole('region', { name: 'Rewind' });
    await panel.getByRole('button', { name: 'Run Stale…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('listitem').first()).toBeVisible();
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(dialog).toBeHidden();
    await allFresh(page);
    await expect(
      page.getByText('late by 30 min or more').first()
    ).toBeAttached();

    // Back to the fifth code cell, and forth again, once the plan has ended.
    await expect
      .poll(() =>
        page.evaluate(() =>
          window.jupyterapp.commands.isEnabled('nbrewind:rewind-to-cell')
        )
      )
      .toBe(true);
    await execute(page, 'nbrewind:rewind-to-cell', { cellId: 'load-weather' });
    await expect
      .poll(() => evaluate(page, "(len(weather), 'joined' in globals())"))
      .toMatch(/^\(\d+, False\)$/);
    await execute(page, 'nbrewind:undo-rewind');
    await expect
      .poll(() => evaluate(page, "(DELAY_THRESHOLD, 'joined' in globals())"))
      .toBe('(30, True)');
  }
);

/** Wait until all cells are fresh. */
async function allFresh(page: Page): Promise<void> {
  await expect
    .poll(async () => new Set(await freshness(page)), { timeout: 200000 })
    .toEqual(new Set(['fresh']));
}
