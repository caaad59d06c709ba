import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import {
  chain,
  evaluate,
  expectFreshness,
  open,
  test,
  write
} from './notebook';

/** How many presses of Tab may lie between two places, at most. */
const FAR = 60;

/** Go on with Tab until a control, which can be used, has the focus. */
async function tabTo(
  page: IJupyterLabPageFixture,
  target: Locator,
  key: 'Tab' | 'Shift+Tab' = 'Tab'
): Promise<void> {
  await expect(target).toBeEnabled();
  for (let presses = 0; presses < FAR; presses++) {
    await page.keyboard.press(key);
    if (await target.evaluate(node => node === document.activeElement)) {
      return;
    }
  }
  throw new Error(`${key} does not lead to it: ${target}`);
}

/** Execute a command through the palette. */
async function choose(
  page: IJupyterLabPageFixture,
  label: string
): Promise<void> {
  await page.keyboard.press('Control+Shift+C');
  await expect(page.locator('.lm-CommandPalette-input')).toBeFocused();
  await page.keyboard.type(label);
  await expect(
    page.locator('.lm-CommandPalette-item.lm-mod-active')
  ).toContainText(label);
  await page.keyboard.press('Enter');
}

test('everything is done by keyboard alone', async ({ page, tmpPath }) => {
  await write(page, `${tmpPath}/chain.ipynb`, chain(800), 'k');
  await open(page, `${tmpPath}/chain.ipynb`);
  await choose(page, 'Run All Cells');
  await expectFreshness(
    page,
    chain(0).map(() => 'fresh')
  );

  // Edit the second cell.
  const active = page.locator('.jp-Notebook .jp-mod-active');
  await expect(active).toContainText('print("total", total)');
  for (let presses = 0; presses < 6; presses++) {
    await page.keyboard.press('ArrowUp');
  }
  await expect(active).toContainText('base = 800');
  await page.keyboard.press('Enter');
  await expect(active.getByRole('textbox')).toBeFocused();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('base = 801');
  await page.keyboard.press('Escape');

  // The panel: its tree is one stop, and arrows move in it.
  await choose(page, 'Open Rewind Panel');
  const panel = page.getByRole('region', { name: 'Rewind' });
  await expect(panel).toBeVisible();
  const cells = panel.getByRole('tree', { name: 'Cells' });
  const cell = (number: number): Locator =>
    cells.getByRole('treeitem', { name: new RegExp(`^Cell ${number}:`) });
  await expect(cell(2)).toHaveAccessibleName(/Edited/);
  await tabTo(page, cells.locator('[role=treeitem][tabindex="0"]'));
  await page.keyboard.press('Home');
  await page.keyboard.press('End');
  await expect(cell(8)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(cell(7)).toBeFocused();
  await expect(cell(7)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(cell(8)).toBeFocused();

  // Its details, and what can be done.
  const details = panel.getByRole('region', { name: 'Selected cell' });
  await expect(details.getByRole('heading', { name: 'Cell 8' })).toBeVisible();
  await expect(details).toContainText('Upstream stale');
  await tabTo(page, details.getByRole('button', { name: 'Bring Up to Date…' }));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(
    dialog.getByRole('button', { name: 'Run', exact: true })
  ).toBeFocused();
  await expect(dialog).toContainText('base');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByText('total 43.02')).toBeVisible();
  await expect(cell(8)).toHaveAccessibleName(/Fresh/);

  // The timeline: back to the first checkpoint of the fifth cell.
  const checkpoints = panel.getByRole('listbox', {
    name: 'Checkpoints, newest first'
  });
  await tabTo(page, checkpoints.locator('[role=option][tabindex="0"]'));
  await page.keyboard.press('End');
  const first = checkpoints.getByRole('option').last();
  await expect(first).toBeFocused();
  for (let presses = 0; presses < 4; presses++) {
    await page.keyboard.press('ArrowUp');
  }
  const fifth = checkpoints.locator('[role=option]:focus');
  await expect(fifth).toHaveAccessibleName(/[Cc]ell 5/);
  await page.keyboard.press('Enter');
  await expect(fifth.or(panel.locator(':focus')).first()).toBeVisible();
  await tabTo(page, panel.getByRole('button', { name: 'Rewind Here' }));
  await page.keyboard.press('Enter');
  await expect
    .poll(() => evaluate(page, "(base, 'total' in globals())"))
    .toBe('(800, False)');

  // And forth again.
  const undo = panel.getByRole('button', { name: 'Undo' });
  await tabTo(page, undo, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect
    .poll(() => evaluate(page, "(base, 'total' in globals())"))
    .toBe('(801, True)');
});
