/**
 * Everything can be read, by eyes and by screen readers: no text is cut or has
 * too little contrast, and axe finds nothing serious.
 *
 * By default a part of all themes, widths and sizes is tried. LOOKS=all tries
 * all of them, and keeps pictures of them in test-results/looks: to be looked
 * at whenever something that is seen has changed.
 */

import AxeBuilder from '@axe-core/playwright';
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import * as path from 'path';

import {
  chain,
  execute,
  expectFreshness,
  recording,
  test,
  write
} from './notebook';
import { PARTS, unreadable } from './text';

const THEMES = [
  'JupyterLab Light',
  'JupyterLab Dark',
  'JupyterLab Dark High Contrast'
];

/** Sizes of the window, in pixels. */
const WINDOWS = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 }
];

/** Widths of the sidebar, in pixels. */
const SIDEBARS = [220, 320, 500];

const PANEL = '#jp-rewind-panel';

const TIMELINE = '#jp-rewind-timeline';

/** Where the pictures go. */
const PICTURES = path.join(__dirname, '..', 'test-results', 'looks');

/** Open a notebook while the panel is shown in place of the file browser. */
async function open(page: IJupyterLabPageFixture, file: string): Promise<void> {
  await page.evaluate(async there => {
    // What it returns, a widget, can't leave the page.
    await window.jupyterapp.commands.execute('docmanager:open', {
      path: there
    });
  }, file);
  await expect(
    page.getByRole('tab', { name: path.basename(file) })
  ).toBeVisible();
  await recording(page);
}

/** Whether all themes, widths and sizes are tried, and pictures kept. */
const IS_WHOLE = process.env.LOOKS === 'all';

/** What else there is of the extension, for axe. */
const OTHERS = ['.jp-RewindBadge', '.jp-Notification-List', '.Toastify__toast'];

/** Keep a picture of the window. */
async function picture(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  if (IS_WHOLE) {
    await page.screenshot({
      animations: 'disabled',
      path: path.join(PICTURES, `${name}.png`)
    });
  }
}

/** Assert that axe finds nothing serious in the extension's parts. */
async function expectAccessible(
  page: IJupyterLabPageFixture,
  view: string
): Promise<void> {
  const axe = new AxeBuilder({ page });
  for (const part of [...PARTS, ...OTHERS]) {
    if (await page.locator(part).count()) {
      axe.include(part);
    }
  }
  const { violations } = await axe.analyze();
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html}`));
  expect.soft(serious, view).toEqual([]);
}

/** Assert that all text can be read. */
async function expectReadable(
  page: IJupyterLabPageFixture,
  view: string
): Promise<void> {
  expect.soft(await unreadable(page), view).toEqual([]);
}

/** Assert both, and keep a picture. */
async function expectGood(
  page: IJupyterLabPageFixture,
  view: string
): Promise<void> {
  await expectReadable(page, view);
  await expectAccessible(page, view);
  await picture(page, `view ${view}`.replace(/ /g, '-'));
}

/** Give the sidebar a width. */
async function setSidebar(
  page: IJupyterLabPageFixture,
  width: number
): Promise<void> {
  await page.sidebar.setWidth(width, 'left');
  // What follows the size is drawn in the frame after.
  await page.evaluate(
    () =>
      new Promise(resolve => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      })
  );
}

/** Select a checkpoint, and wait for what differs. */
async function selectCheckpoint(
  page: IJupyterLabPageFixture,
  part: string
): Promise<void> {
  await page.locator(part).getByRole('option').nth(2).click();
  await expect(
    page
      .locator(part)
      .getByRole('region', { name: 'Selected checkpoint' })
      .getByRole('listitem')
      .first()
  ).toBeVisible();
}

/** Select a cell by its row. */
async function selectCell(page: IJupyterLabPageFixture): Promise<void> {
  await page.locator(PANEL).getByRole('treeitem').nth(3).click();
  await expect(
    page.locator(PANEL).getByRole('region', { name: 'Selected cell' })
  ).toBeVisible();
}

/** Do something while the dialog of a command shows what it would do. */
async function withDialog(
  page: IJupyterLabPageFixture,
  command: string,
  look: () => Promise<void>,
  args: Record<string, unknown> = {}
): Promise<void> {
  const done = execute(page, command, args);
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('[aria-busy="false"]')).toBeVisible();
  await look();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await done;
}

/** Do something while the plan of what is stale is shown. */
function withPlan(
  page: IJupyterLabPageFixture,
  look: () => Promise<void>
): Promise<void> {
  return withDialog(page, 'nbrewind:run-stale', look);
}

/** What makes the store smaller, each with a dialog. */
const STORAGE_DIALOGS = [
  ['nbrewind:clean-up', 'cleaning up', { budget: 0 }],
  ['nbrewind:forget', 'forgetting', {}]
] as const;

/** Cells with what cells have: long lines, much that is read, errors. */
function cells(start: number): string[] {
  const [first, base, double, shown] = chain(start);
  return [
    first!,
    base!,
    double!,
    shown!,
    `a_rather_long_name_of_a_table = {f"column number {i}": list(range(i)) for i in range(9)}; rows = len(a_rather_long_name_of_a_table)`,
    'raise ValueError(double, rows)'
  ];
}

/** Many cells that have never run. */
function many(count: number): string[] {
  return Array.from(
    { length: count },
    (_, place) => `v${place} = ${place ? `v${Math.floor(place / 2)} + 1` : 1}`
  );
}

test.describe('Looks', () => {
  test.setTimeout(400000);

  test('no view has a serious violation of accessibility rules', async ({
    page,
    tmpPath
  }) => {
    await page.setViewportSize(WINDOWS[0]!);
    await write(page, `${tmpPath}/axe.ipynb`, cells(8010), 'l');
    await execute(page, 'nbrewind:open');
    await setSidebar(page, 320);
    await expectGood(page, 'without a notebook');

    // With the notice of first use.
    await page.evaluate(() => localStorage.clear());
    await open(page, `${tmpPath}/axe.ipynb`);
    await expectGood(page, 'never run');

    await page.notebook.run();
    await expectFreshness(page, [
      ...['fresh', 'fresh', 'fresh', 'fresh', 'fresh', 'failed']
    ]);
    await page.notebook.setCell(1, 'code', 'base = 8011');
    await expectFreshness(page, [
      ...['fresh', 'edited', 'upstream stale', 'upstream stale'],
      ...['fresh', 'failed']
    ]);
    await expectGood(page, 'run and edited');

    await selectCell(page);
    await expectGood(page, 'a cell');

    await selectCheckpoint(page, PANEL);
    await expectGood(page, 'a checkpoint');
    await page
      .locator(PANEL)
      .getByRole('button', { name: 'Compare With…' })
      .click();
    await page.locator(PANEL).getByRole('option').nth(3).click();
    await expect(page.locator(PANEL).getByText(/^Compared with/)).toBeVisible();
    await expectGood(page, 'a comparison');

    await withPlan(page, () => expectGood(page, 'a plan'));

    const storage = page
      .locator(PANEL)
      .getByRole('heading', { name: /^Storage/ });
    await storage.click();
    await expect(page.getByRole('meter', { name: 'Store' })).toBeVisible();
    await expectGood(page, 'the storage');
    for (const [command, view, args] of STORAGE_DIALOGS) {
      await withDialog(page, command, () => expectGood(page, view), args);
    }
    await storage.click();

    await execute(page, 'nbrewind:open-timeline');
    await selectCheckpoint(page, TIMELINE);
    await expectGood(page, 'the timeline');

    await page
      .locator(TIMELINE)
      .getByRole('button', { name: 'Rewind Here' })
      .click();
    const undo = page.locator(PANEL).getByRole('button', { name: 'Undo' });
    await expect(undo).toBeVisible();
    await page
      .locator(PANEL)
      .getByRole('button', { name: 'Details', exact: true })
      .click();
    await expectGood(page, 'rewound');
    await undo.click();
    await expect(undo).toBeHidden();

    await execute(page, 'nbrewind:set-mode', { mode: 'off' });
    await expect(
      page.locator(PANEL).getByRole('button', { name: 'Record', exact: true })
    ).toBeVisible();
    await expectGood(page, 'off');
  });

  test('all text can be read, in every theme and at every width', async ({
    page,
    tmpPath
  }) => {
    await write(page, `${tmpPath}/6.ipynb`, cells(8020));
    await write(page, `${tmpPath}/60.ipynb`, many(60), 'm');
    await execute(page, 'nbrewind:open');
    if (IS_WHOLE) {
      await write(page, `${tmpPath}/1000.ipynb`, many(1000), 'k');
      await open(page, `${tmpPath}/1000.ipynb`);
    }
    await open(page, `${tmpPath}/60.ipynb`);
    await open(page, `${tmpPath}/6.ipynb`);
    await page.notebook.run();
    await page.notebook.setCell(1, 'code', 'base = 8021');
    await expectFreshness(page, [
      ...['fresh', 'edited', 'upstream stale', 'upstream stale'],
      ...['fresh', 'failed']
    ]);
    await selectCell(page);
    for (const theme of THEMES) {
      await page.theme.setTheme(theme);
      const isFirst = theme === THEMES[0];
      for (const count of IS_WHOLE ? [1000, 60, 6] : isFirst ? [60, 6] : [6]) {
        await page.notebook.activate(`${count}.ipynb`);
        await recording(page);
        if (count === 6) {
          await selectCheckpoint(page, PANEL);
        }
        for (const size of IS_WHOLE ? WINDOWS : [WINDOWS[0]!]) {
          await page.setViewportSize(size);
          for (const width of SIDEBARS) {
            await setSidebar(page, width);
            const view = `${theme}-${count}-${size.width}-${width}`
              .replace('JupyterLab ', '')
              .replace(/ /g, '-')
              .toLowerCase();
            await expectReadable(page, view);
            await picture(page, view);
          }
        }
      }
      await expectAccessible(page, theme);
      await withPlan(page, async () => {
        await expectReadable(page, `${theme}, a plan`);
        await picture(page, `plan-${theme.split(' ').slice(1).join('-')}`);
      });
    }
  });
});
