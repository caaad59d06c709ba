/**
 * Notebook 7, below an address that is not the server's root.
 */

import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import {
  badges,
  chain,
  evaluate,
  execute,
  expectFreshness,
  hasTaskVine,
  kernelIdle,
  notebookText,
  taskCells
} from './notebook';
import { type IServer, startServer } from './server';

let server: IServer;

test.beforeAll(async ({ request }) => {
  server = await startServer(request, 'notebook7', {
    app: 'notebook',
    base: '/some/where/',
    args: ['--JupyterNotebookApp.expose_app_in_browser=True']
  });
  fs.writeFileSync(
    path.join(server.root, 'chain.ipynb'),
    notebookText(chain(900))
  );
  fs.writeFileSync(
    path.join(server.root, 'packed.ipynb'),
    notebookText(['made = 6 * 7', 'print("made", made)'], 'p')
  );
  fs.writeFileSync(
    path.join(server.root, 'tasks.ipynb'),
    notebookText(taskCells(6))
  );
});

test.afterAll(({ request }) => server.stop(request));

test('a notebook is recorded, brought up to date and rewound', async ({
  page
}) => {
  await page.goto(`${server.address}notebooks/chain.ipynb`);
  await kernelIdle(page);
  await execute(page, 'notebook:run-all-cells');
  const fresh = chain(0).map(() => 'fresh');
  await expectFreshness(page, fresh);

  const editor = page.locator('.jp-Cell').nth(1).getByRole('textbox');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('base = 901');
  await expectFreshness(page, [
    'fresh',
    'edited',
    'upstream stale',
    'upstream stale',
    'fresh',
    'upstream stale',
    'upstream stale',
    'upstream stale'
  ]);

  await execute(page, 'nbrewind:open');
  const panel = page.getByRole('region', { name: 'Rewind' });
  const rows = panel.getByRole('tree', { name: 'Cells' }).getByRole('treeitem');
  await expect(rows).toHaveCount(8);
  await rows.nth(7).click();
  await panel.getByRole('button', { name: 'Bring Up to Date…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('total 45.449')).toBeVisible();
  await expect(badges(page).nth(7)).toHaveAccessibleName(/^Fresh/);

  await rows.nth(4).click();
  await panel.getByRole('button', { name: 'Rewind to Here' }).click();
  await expect
    .poll(() => evaluate(page, "(base, 'total' in globals())"))
    .toBe('(900, False)');
  await panel.getByRole('button', { name: 'Undo' }).click();
  await expect
    .poll(() => evaluate(page, "(base, 'total' in globals())"))
    .toBe('(901, True)');
});

test('a notebook is exported, and its package has a page', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto(`${server.address}notebooks/packed.ipynb`);
  await kernelIdle(page);
  await execute(page, 'notebook:run-all-cells');
  await expectFreshness(page, ['fresh', 'fresh']);
  void execute(page, 'nbrewind:export-notebook');
  const dialog = page.getByRole('dialog', { name: 'Export packed.ipynb' });
  await expect(dialog.getByText('Recorded values and files')).toBeVisible({
    timeout: 60_000
  });
  await dialog.getByRole('button', { name: 'Export' }).click();
  const notice = page.locator('.Toastify__toast', { hasText: /^Exported: / });
  await expect(notice).toContainText('packed.nbrewind.zip', {
    timeout: 60_000
  });
  await expect(
    notice.getByRole('button', { name: 'Show in File Browser' })
  ).toHaveCount(0);

  const [shown] = await Promise.all([
    page.waitForEvent('popup'),
    notice.getByRole('button', { name: 'Open' }).click()
  ]);
  const view = shown.locator('.jp-RewindPackage');
  await expect(view.getByText('Your own package.')).toBeVisible({
    timeout: 60_000
  });
  await expect(view.getByText('made 42')).toBeVisible();
  const [opened] = await Promise.all([
    shown.waitForEvent('popup'),
    view.getByRole('button', { name: 'Open', exact: true }).click()
  ]);
  await opened.waitForURL('**/notebooks/packed/packed.ipynb*');
  await expectFreshness(opened, ['fresh', 'fresh']);
  await opened.close();

  const [repeated] = await Promise.all([
    shown.waitForEvent('popup'),
    view.getByRole('button', { name: 'Repeat…' }).click()
  ]);
  await shown.bringToFront();
  await expect(
    shown.locator('.Toastify__toast', { hasText: 'Run → Preview Plan…' })
  ).toBeVisible({ timeout: 30_000 });
  await repeated.bringToFront();
  await repeated.waitForURL('**/notebooks/packed/packed.ipynb*');
  await kernelIdle(repeated);
  await repeated.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await repeated.getByRole('menuitem', { name: 'Preview Plan…' }).click();
  const plan = repeated.getByRole('dialog', {
    name: 'Bring the whole notebook up to date'
  });
  await expect(plan.getByText('Is loaded').first()).toBeVisible();
  await plan.getByRole('button', { name: 'Run…' }).click();
  await plan.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(plan).toBeHidden();
  await expect.poll(() => evaluate(repeated, 'made')).toBe('42');
  await expectFreshness(repeated, ['fresh', 'fresh']);
});

test('tasks are seen, get a worker, and are answered the next time', async ({
  page
}) => {
  test.skip(
    !hasTaskVine(),
    'there is no TaskVine: scripts/taskvine.sh says why'
  );
  test.setTimeout(120000);
  await page.goto(`${server.address}notebooks/tasks.ipynb`);
  await kernelIdle(page);
  await execute(page, 'nbrewind:open');
  const panel = page.getByRole('region', { name: 'Rewind' });
  await expect(panel.getByRole('treeitem').first()).toBeVisible();
  const section = page.locator('.jp-RewindTasksSection');
  await expect(section).toHaveCount(0);

  const ran = execute(page, 'notebook:run-all-cells');
  const cell = section.getByRole('button', { name: /^Cell 3/ });
  await expect(cell).toHaveAccessibleName(/6 waiting/, { timeout: 30000 });
  await section.getByRole('button', { name: 'Start Worker' }).click();
  await expect(cell).toHaveAccessibleName(/, 6 done$/, { timeout: 40000 });
  await ran;
  await section.getByRole('button', { name: 'Stop Worker' }).click();
  await expect(
    section.getByRole('button', { name: 'Stop Worker' })
  ).toHaveCount(0, { timeout: 15000 });

  await execute(page, 'notebook:run-all-cells');
  await expect(cell).toHaveAccessibleName(/, 6 answered$/, { timeout: 20000 });
  await expect(section).toContainText('Not open: no task had to run so far');
});
