import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Locator } from '@playwright/test';

import {
  badges,
  chain,
  evaluate,
  execute,
  expectFreshness,
  open,
  recording,
  test,
  write
} from './notebook';

const ALL_FRESH = chain(0).map(() => 'fresh');

/** After an edit of the second cell: it and its dependants, no others. */
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

/** Write and open a chain of cells, and run it. */
async function runChain(
  page: IJupyterLabPageFixture,
  path: string,
  start: number,
  letter = 'c'
): Promise<void> {
  await write(page, path, chain(start), letter);
  await open(page, path);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
}

/** The rows of the panel's cells. */
function rows(page: IJupyterLabPageFixture): Locator {
  return page
    .getByRole('region', { name: 'Rewind' })
    .getByRole('tree', { name: 'Cells' })
    .getByRole('treeitem');
}

/** Execute a command that opens something; a widget can't be returned. */
async function beside(
  page: IJupyterLabPageFixture,
  id: string,
  args: Record<string, unknown> = {}
): Promise<void> {
  await page.evaluate(
    async ([name, given]) => {
      await window.jupyterapp.commands.execute(
        name,
        given as ReadonlyPartialJSONObject
      );
    },
    [id, args as Record<string, string | object>] as const
  );
}

/** Run everything that is stale, and wait for the plan's end. */
async function runStale(page: IJupyterLabPageFixture): Promise<unknown> {
  return execute(page, 'nbrewind:run-stale', { accept: true });
}

test('the panel follows the notebook that the user is at', async ({
  page,
  tmpPath
}) => {
  await runChain(page, `${tmpPath}/one.ipynb`, 1000);
  await execute(page, 'nbrewind:open');
  await expect(rows(page)).toHaveCount(8);
  // Cells of its own: it must not pass for another test's notebook that has gone.
  await write(page, `${tmpPath}/two.ipynb`, ['first = 1010', 'first + 1'], 'w');
  await beside(page, 'docmanager:open', {
    path: `${tmpPath}/two.ipynb`,
    options: { mode: 'split-right' }
  });
  await recording(page);
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(0)).toHaveAccessibleName(/Never run/);

  // Both are in sight; each has its own badges.
  const shown = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  await expect(shown).toHaveCount(2);
  await page.notebook.setCell(0, 'code', 'first = 1011');
  await page.notebook.run();
  await expect(rows(page).nth(1)).toHaveAccessibleName(/Fresh/);
  await page.activity.activateTab('one.ipynb');
  await expect(rows(page)).toHaveCount(8);
  await page.notebook.setCell(1, 'code', 'base = 1001');
  await expect(rows(page).nth(1)).toHaveAccessibleName(/Edited/);
  await expect(rows(page).nth(7)).toHaveAccessibleName(/Upstream stale/);
  await page.activity.activateTab('two.ipynb');
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(0)).toHaveAccessibleName(/Fresh/);
  await expect(rows(page).nth(1)).toHaveAccessibleName(/Fresh/);
});

test('two views of one notebook say the same', async ({ page, tmpPath }) => {
  await runChain(page, `${tmpPath}/chain.ipynb`, 1100);
  await beside(page, 'docmanager:clone');
  const shown = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  await expect(shown).toHaveCount(2);
  await expectFreshness(page, [...ALL_FRESH, ...ALL_FRESH]);
  await page.notebook.setCell(1, 'code', 'base = 1101');
  await expectFreshness(page, [...EDITED, ...EDITED]);
  expect(await runStale(page)).toMatchObject({ state: 'done' });
  await expectFreshness(page, [...ALL_FRESH, ...ALL_FRESH]);
  for (const view of await shown.all()) {
    // Once in each view.
    await expect(view.getByText('value 2202')).toHaveCount(1);
  }
});

test('a second page on one notebook sees states, and outputs of a plan once', async ({
  page,
  tmpPath,
  context
}) => {
  await runChain(page, `${tmpPath}/chain.ipynb`, 1200);
  await page.notebook.save();
  const second = await context.newPage();
  try {
    await second.goto(
      `${new URL(page.url()).origin}/lab/tree/${tmpPath}/chain.ipynb?reset`
    );
    await recording(second);
    await expectFreshness(second, ALL_FRESH);

    // What runs in one is seen by the other.
    await page.notebook.setCell(1, 'code', 'base = 1201');
    await page.notebook.save();
    await expectFreshness(page, EDITED);
    expect(await runStale(page)).toMatchObject({ state: 'done' });
    await expectFreshness(page, ALL_FRESH);
    await page.notebook.save();
    for (const one of [page, second]) {
      const value = one.locator('.jp-OutputArea-output', {
        hasText: /^value /
      });
      await expect(value).toHaveCount(1);
    }
    // The other page has the old text, and does not show it as fresh.
    await expectFreshness(
      second,
      EDITED.map(word => (word === 'upstream stale' ? 'input changed' : word))
    );
    await second.reload();
    await recording(second);
    await expectFreshness(second, ALL_FRESH);
    await expect(second.getByText('value 2402')).toHaveCount(1);
  } finally {
    await second.close();
  }
});

test('a notebook renamed while it is open keeps its states', async ({
  page,
  tmpPath
}) => {
  await runChain(page, `${tmpPath}/before.ipynb`, 1400);
  await page.notebook.setCell(1, 'code', 'base = 1401');
  await expectFreshness(page, EDITED);
  await page.notebook.save();
  await page.evaluate(
    async ([from, to]) => {
      await window.jupyterapp.serviceManager.contents.rename(from!, to!);
    },
    [`${tmpPath}/before.ipynb`, `${tmpPath}/after.ipynb`]
  );
  await expect(page.getByRole('tab', { name: 'after.ipynb' })).toBeVisible();
  await expectFreshness(page, EDITED);
  expect(await runStale(page)).toMatchObject({ state: 'done' });
  await expectFreshness(page, ALL_FRESH);
  await expect(page.getByText('value 2802')).toBeVisible();
  expect(await evaluate(page, 'base')).toBe('1401');
});

test('a notebook renamed while it is closed keeps its states', async ({
  page,
  tmpPath
}) => {
  await runChain(page, `${tmpPath}/before.ipynb`, 1700, 'r');
  await page.notebook.setCell(1, 'code', 'base = 1701');
  await expectFreshness(page, EDITED);
  await page.notebook.save();
  await page.notebook.close();
  await page.contents.renameFile(
    `${tmpPath}/before.ipynb`,
    `${tmpPath}/after.ipynb`
  );
  await open(page, `${tmpPath}/after.ipynb`);
  await expectFreshness(page, EDITED);
});

test('a duplicate has a kernel of its own, and nothing of it claims to be there', async ({
  page,
  tmpPath
}) => {
  await runChain(page, `${tmpPath}/chain.ipynb`, 1500, 'd');
  await page.notebook.save();
  await page.evaluate(
    async ([from, to]) => {
      await window.jupyterapp.serviceManager.contents.copy(from!, to!);
    },
    [`${tmpPath}/chain.ipynb`, tmpPath]
  );
  await open(page, `${tmpPath}/chain-Copy1.ipynb`);
  // Its code has been run, and that is said; nobody knows what it shows.
  await expect(badges(page)).toHaveCount(8);
  for (const badge of await badges(page).all()) {
    await expect(badge).toHaveAccessibleName(
      /^Never run: it was not run here; a recorded run/
    );
  }
  expect(await evaluate(page, "'total' in globals()")).toBe('False');
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  expect(await evaluate(page, "'total' in globals()")).toBe('True');
});

test('a notebook that can’t be written is recorded and rewound', async ({
  page,
  tmpPath
}) => {
  const path = `${tmpPath}/chain.ipynb`;
  await write(page, path, chain(1600));
  await page.route(`**/api/contents/${path}*`, async route => {
    if (route.request().method() !== 'GET') {
      return route.fulfill({ status: 403, json: { message: 'Forbidden' } });
    }
    const response = await route.fetch();
    await route.fulfill({
      response,
      json: { ...(await response.json()), writable: false }
    });
  });
  await open(page, path);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  await page.notebook.setCell(1, 'code', 'base = 1601');
  await expectFreshness(page, EDITED);
  expect(await runStale(page)).toMatchObject({ state: 'done' });
  await expectFreshness(page, ALL_FRESH);
  await page.notebook.selectCells(4);
  expect(await execute(page, 'nbrewind:rewind-to-cell')).toMatchObject({
    done: true
  });
  expect(await evaluate(page, "'total' in globals()")).toBe('False');
});
