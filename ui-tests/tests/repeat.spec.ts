/**
 * The kernel Python 3 (repeat): what is recorded comes back at once.
 */

import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import {
  badges,
  evaluate,
  expectFreshness,
  notebookText,
  open,
  test
} from './notebook';

/** How long the slow cell takes, in seconds. */
const SECONDS = 6;

const SOURCES = [
  'import time',
  `time.sleep(${SECONDS})\nrows = [4700, 2, 3]\nprint("made", len(rows))\nrows`,
  'total = sum(rows)\nprint("total", total)'
];

/** Write a notebook for one of the kernels. */
async function writeFor(
  page: IJupyterLabPageFixture,
  path: string,
  kernel: string,
  sources: readonly string[]
): Promise<void> {
  const made = JSON.parse(notebookText(sources, 'r'));
  made.metadata.kernelspec.name = kernel;
  await page.contents.uploadContent(JSON.stringify(made), 'text', path);
}

/** Run all cells; returns how long it took, in seconds. */
async function runAll(page: IJupyterLabPageFixture): Promise<number> {
  const begin = Date.now();
  await page.notebook.run();
  return (Date.now() - begin) / 1000;
}

/** The outputs that are shown, as text. */
function outputs(page: Page): Promise<string[]> {
  return page
    .locator('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output')
    .allInnerTexts();
}

test('recorded cells are answered at once, an edited one runs', async ({
  page,
  tmpPath
}) => {
  const first = `${tmpPath}/first.ipynb`;
  await writeFor(page, first, 'python3', SOURCES);
  await open(page, first);
  expect(await runAll(page)).toBeGreaterThan(SECONDS);
  await expectFreshness(page, ['fresh', 'fresh', 'fresh']);
  const shown = await outputs(page);
  await page.notebook.close();

  const again = `${tmpPath}/again.ipynb`;
  const edited = [...SOURCES.slice(0, 2), 'print("twice", 2 * sum(rows))'];
  await writeFor(page, again, 'nbrewind-repeat', edited);
  await open(page, again);
  await expect(
    page.locator('.jp-KernelName:visible', { hasText: 'Python 3 (repeat)' })
  ).toBeVisible();
  expect(await runAll(page)).toBeLessThan(SECONDS);
  await expect(page.getByText('twice 9410')).toBeVisible();
  expect((await outputs(page)).slice(0, 2)).toEqual(shown.slice(0, 2));
  expect(await evaluate(page, 'rows')).toBe('[4700, 2, 3]');
  await expectFreshness(page, ['fresh', 'fresh', 'fresh']);
  // What was not run says so, what was run does not.
  await expect(badges(page).nth(1)).toHaveAccessibleName(
    /Its values were restored into the kernel\./
  );
  await expect(badges(page).nth(2)).not.toHaveAccessibleName(/restored/);
});
