/**
 * Two people at one notebook, with jupyter-collaboration: each has a page of
 * their own, both pages show one document.
 */

import fs from 'node:fs';
import path from 'node:path';

import type { NotebookPanel } from '@jupyterlab/notebook';
import { expect, type Page, test } from '@playwright/test';

import {
  chain,
  evaluate,
  execute,
  expectFreshness,
  kernelIdle,
  notebookText
} from './notebook';
import { type IServer, startServer } from './server';

/** Where jupyter-collaboration lies, apart: it changes every server that has it. */
const PACKAGES = path.resolve(__dirname, '../../.venv-collab');

const ALL_FRESH = chain(0).map(() => 'fresh');

const EDITED = [
  'fresh',
  'edited',
  'upstream stale',
  'upstream stale',
  'fresh',
  'upstream stale',
  'upstream stale',
  'upstream stale'
];

let server: IServer;

test.beforeAll(async ({ request }) => {
  server = await startServer(request, 'collaboration', {
    app: 'lab',
    args: ['--LabApp.expose_app_in_browser=True'],
    env: {
      JUPYTER_CONFIG_PATH: path.join(PACKAGES, 'etc', 'jupyter'),
      JUPYTER_PATH: path.join(PACKAGES, 'share', 'jupyter'),
      PYTHONPATH: PACKAGES
    }
  });
  fs.writeFileSync(
    path.join(server.root, 'chain.ipynb'),
    notebookText(chain(2100))
  );
});

test.afterAll(({ request }) => server.stop(request));

/** Open the shared notebook. */
async function visit(page: Page): Promise<void> {
  await page.goto(`${server.address}lab/tree/chain.ipynb?reset`);
  await kernelIdle(page);
}

/** What each cell of the document shows, as this page has it. */
function outputs(page: Page): Promise<string[]> {
  return page
    .locator('.jp-CodeCell')
    .evaluateAll(cells =>
      cells.map(cell =>
        [...cell.querySelectorAll('.jp-OutputArea-output')]
          .map(output => output.textContent!.trim())
          .join('|')
      )
    );
}

/** Give the second cell another text. */
function edit(page: Page, source: string): Promise<void> {
  return page.evaluate(text => {
    const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
    panel.content.model!.cells.get(1).sharedModel.setSource(text);
  }, source);
}

/** What the cells show for a start of the chain. */
function shown(start: number): string[] {
  const total = Math.sqrt(start * 2) + 3;
  return [
    ...['', '', '', `value ${start * 2}`],
    ...['', '', '', `total ${total}`]
  ];
}

test('both see the states, and outputs of a plan are written once', async ({
  browser
}) => {
  test.slow(); // three pages are opened, and one that goes is waited for
  const [one, other] = await Promise.all(
    [0, 1].map(async () => (await browser.newContext()).newPage())
  );
  await visit(one!);
  await visit(other!);
  await execute(one!, 'notebook:run-all-cells');
  for (const page of [one!, other!]) {
    await expectFreshness(page, ALL_FRESH);
  }

  // One edits, the other sees it and runs what is stale.
  await edit(one!, 'base = 2101');
  for (const page of [one!, other!]) {
    await expectFreshness(page, EDITED);
  }
  await execute(other!, 'nbrewind:run-stale', { accept: true });
  for (const page of [one!, other!]) {
    await expectFreshness(page, ALL_FRESH);
    await expect.poll(() => outputs(page)).toEqual(shown(2101));
  }

  // The page that began a plan goes: the one that is left writes what comes.
  await edit(one!, 'import time; time.sleep(4); base = 2102');
  await expectFreshness(other!, EDITED);
  void execute(other!, 'nbrewind:run-stale', { accept: true }).catch(() => {
    // The page is closed before it ends.
  });
  await expect(one!.locator('.jp-InputPrompt').nth(1)).toHaveText('[*]:');
  await other!.goto('about:blank');
  await expectFreshness(one!, ALL_FRESH);
  // It is counted as present for a while, and its turn is waited for.
  await expect
    .poll(() => outputs(one!), { timeout: 20000 })
    .toEqual(shown(2102));

  // A rewind is everybody's: it is one kernel.
  const third = await (await browser.newContext()).newPage();
  await visit(third);
  await expectFreshness(third, ALL_FRESH);
  await execute(third, 'nbrewind:rewind-to-cell', { cellId: 'c4' });
  await expect.poll(() => evaluate(one!, "'total' in globals()")).toBe('False');
  await expect.poll(() => outputs(one!)).toEqual(shown(2102));
});
