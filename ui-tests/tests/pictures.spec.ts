/**
 * Makes the pictures of README and docs anew, from the example:
 *
 *   PICTURES=1 jlpm test:ui pictures
 *
 * Left out otherwise: it takes minutes, and asserts little.
 */

import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { execFileSync } from 'child_process';
import * as path from 'path';

import { execute, freshness, recording, test } from './notebook';

const ROOT = path.resolve(__dirname, '../..');

const EXAMPLE = path.join(ROOT, 'examples', 'flights.ipynb');

/** Where the pictures go. */
const PICTURES = path.join(ROOT, 'docs', 'pictures');

/** Twice as fine as the page's pixels: screens of readers often are. */
const SCALE = 2;

const PANEL = '#jp-rewind-panel';

/**
 * Makes a picture smaller: one with few colours, among them the most frequent
 * ones as they are, and a number of greys for shadows if there are any.
 */
const SHRINK = `
import sys
from PIL import Image

file, greys = sys.argv[1], int(sys.argv[2])
plain = Image.Dither.NONE
picture = Image.open(file).convert("RGB")
counts = sorted(picture.getcolors(2**24), reverse=True)
colors = [color for _, color in counts[:12]]
colors += [(value,) * 3 for value in range(0, 256, 255 // greys)] if greys else []
values = picture.quantize(64, method=Image.Quantize.FASTOCTREE, dither=plain).getpalette()
others = [tuple(values[place : place + 3]) for place in range(0, len(values), 3)]
colors += [color for color in others if not greys or max(color) - min(color) > 12]
palette = Image.new("P", (1, 1))
palette.putpalette([value for color in colors for value in color])
few = picture.quantize(palette=palette, dither=plain)
# What is nearly white is white, as the pages around the pictures are.
few.putpalette([255 if value > 249 else value for value in few.getpalette()])
few.save(file, optimize=True)
`;

/** Keep a picture of the window. */
async function picture(
  page: IJupyterLabPageFixture,
  name: string,
  greys = 0
): Promise<void> {
  const file = path.join(PICTURES, `${name}.png`);
  await page.mouse.move(640, 795);
  await page.screenshot({ animations: 'disabled', path: file });
  execFileSync('python', ['-c', SHRINK, file, String(greys)]);
}

/** Make a cell the active one, in the middle of what is seen. */
async function activate(
  page: IJupyterLabPageFixture,
  id: string,
  align: 'center' | 'end' | 'start' = 'center'
): Promise<void> {
  await page.evaluate(
    async ([cell, place]) => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      const notebook = panel.content;
      const index = notebook.widgets.findIndex(
        ({ model }) => model.id === cell
      );
      notebook.activeCellIndex = index;
      notebook.deselectAll();
      await notebook.scrollToItem(index, place);
    },
    [id, align] as const
  );
}

/** Replace a part of a cell's text. */
async function edit(
  page: IJupyterLabPageFixture,
  id: string,
  before: string,
  after: string
): Promise<void> {
  await page.evaluate(
    ([cell, old, next]) => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      const { cells } = panel.content.model!;
      const model = [...cells].find(item => item.id === cell)!.sharedModel;
      model.setSource(model.getSource().replace(old, next));
    },
    [id, before, after] as const
  );
}

/** Select the newest checkpoint of a cell. */
async function selectCheckpoint(
  page: IJupyterLabPageFixture,
  part: string,
  name: RegExp
): Promise<void> {
  const list = page.locator(part).getByRole('listbox');
  const found = list.getByRole('option', { name });
  await list.getByRole('option').first().click();
  for (let presses = 0; presses < 60; presses++) {
    if (await found.count()) {
      await found.first().click();
      break;
    }
    await page.keyboard.press('ArrowDown');
  }
  await expect(
    page
      .locator(part)
      .getByRole('region', { name: 'Selected checkpoint' })
      .getByRole('listitem')
      .first()
  ).toBeVisible();
}

test.use({
  deviceScaleFactor: SCALE,
  viewport: { width: 1280, height: 800 }
});

test('pictures of the example', async ({ page, tmpPath }) => {
  test.skip(!process.env.PICTURES, 'PICTURES is not set');
  test.setTimeout(600000);
  await page.contents.uploadFile(EXAMPLE, `${tmpPath}/flights.ipynb`);
  await page.notebook.openByPath(`${tmpPath}/flights.ipynb`);
  await page.notebook.activate('flights.ipynb');
  await recording(page);
  await page.evaluate(() => {
    const { shell } = window.jupyterapp;
    for (const widget of [...shell.widgets('main')]) {
      if (widget.title.label === 'Launcher') {
        widget.close();
      }
    }
  });
  await execute(page, 'nbrewind:open');
  await page.sidebar.setWidth(340, 'left');
  await execute(page, 'notebook:run-all-cells');
  await expect
    .poll(async () => new Set(await freshness(page)), { timeout: 300000 })
    .toEqual(new Set(['fresh']));
  await execute(page, 'apputils:dismiss-notification').catch(() => undefined);
  await edit(page, 'parameters', 'THRESHOLD = 15', 'THRESHOLD = 30');
  await activate(page, 'late-by-hour');
  await expect(
    page.locator(PANEL).getByRole('region', { name: 'Selected cell' })
  ).toContainText('Upstream stale');
  await picture(page, 'panel-light');
  await page.theme.setTheme('JupyterLab Dark');
  await picture(page, 'panel-dark');
  await page.theme.setTheme('JupyterLab Light');
  await page.sidebar.setWidth(220, 'left');
  await picture(page, 'narrow');
  await page.sidebar.setWidth(340, 'left');

  const plan = execute(page, 'nbrewind:bring-up-to-date');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('listitem').first()).toBeVisible();
  await picture(page, 'plan', 20);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await plan;

  await activate(page, 'clean-flights');
  await execute(page, 'nbrewind:open-timeline');
  await page.sidebar.close('left');
  await selectCheckpoint(page, '#jp-rewind-timeline', /cell 12\b/i);
  await picture(page, 'timeline');
  await page.evaluate(() => {
    for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
      if (widget.id === 'jp-rewind-timeline') {
        widget.close();
      }
    }
  });

  await page.sidebar.open('left');
  await activate(page, 'late-by-hour');
  await execute(page, 'nbrewind:rewind-to-cell');
  await expect(
    page.locator(PANEL).getByRole('button', { name: 'Undo' })
  ).toBeVisible();
  await activate(page, 'late-by-weather');
  await picture(page, 'rewind');
});
