/**
 * Packages: exported by the toolbar's button, downloaded, looked at, trusted
 * and repeated, in a real JupyterLab.
 */

import fs from 'node:fs';
import path from 'node:path';

import AxeBuilder from '@axe-core/playwright';
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { execute, expectFreshness, open, test, visit, write } from './notebook';
import { type IServer, startServer } from './server';
import { PARTS, unreadable } from './text';

const PICTURES = path.join(__dirname, '..', 'test-results', 'packages');

/** Made up. */
const SECRET = 'ghp_' + 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8';

const CELLS = [
  'import math, time',
  'time.sleep(0.5); values = [math.sqrt(i) for i in range(30_000)]',
  `print("pushed with ${SECRET}")`,
  'import pathlib; rows = pathlib.Path("in.csv").read_text().split()',
  'print("total", round(sum(values)), rows)',
  'from IPython.display import HTML\nHTML("<b>bold</b><img src=x onerror=\'window.fired = true\'>")'
];

/** Write the notebook and its data, and run it. */
async function ran(page: IJupyterLabPageFixture, file: string): Promise<void> {
  const folder = path.dirname(file);
  await page.contents.uploadContent('a b c', 'text', `${folder}/in.csv`);
  await write(page, file, CELLS, 'p');
  await open(page, file);
  await page.notebook.run();
  await expectFreshness(
    page,
    CELLS.map(() => 'fresh')
  );
}

/** Keep a picture where they are wanted: LOOKS=all. */
async function picture(page: Page, name: string): Promise<void> {
  if (process.env.LOOKS === 'all') {
    for (const width of [1024, 1280, 1920]) {
      await page.setViewportSize({ width, height: width > 1800 ? 1080 : 720 });
      await page.waitForTimeout(300);
      await page.screenshot({
        path: path.join(PICTURES, `${name}-${width}.png`)
      });
    }
    await page.setViewportSize({ width: 1280, height: 720 });
  }
}

/** Assert that all can be read, by eyes and by screen readers. */
async function expectGood(page: IJupyterLabPageFixture): Promise<void> {
  expect(await unreadable(page)).toEqual([]);
  const axe = new AxeBuilder({ page });
  for (const part of PARTS) {
    if (await page.locator(part).count()) {
      axe.include(part);
    }
  }
  const { violations } = await axe.analyze();
  const serious = violations.filter(({ impact }) =>
    ['serious', 'critical'].includes(impact ?? '')
  );
  expect(serious).toEqual([]);
}

/** The server of somebody else, with other records and another notary. */
let receiver: IServer;

test.beforeAll(async ({ request }) => {
  receiver = await startServer(request, 'receiver', { app: 'lab' });
});

test.afterAll(({ request }) => receiver.stop(request));

test('a notebook is exported, and repeated from its package', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(300_000);
  await ran(page, `${tmpPath}/shared.ipynb`);

  // The button, and the dialog.
  const button = page.getByRole('button', {
    name: /^(Export Reproducible Notebook|Write the notebook, with)/
  });
  if (!(await button.isVisible())) {
    // There is no room for it beside the file browser.
    await page
      .locator('.jp-NotebookPanel-toolbar')
      .getByRole('button', { name: 'More commands' })
      .click();
  }
  await button.click();
  const dialog = page.getByRole('dialog', { name: 'Export shared.ipynb' });
  await expect(dialog.getByText('Recorded values and files')).toBeVisible({
    timeout: 60000
  });
  await expect(
    dialog.getByRole('list', { name: /^Secrets found/ })
  ).toContainText('output of cell 3');
  await expectGood(page);
  await picture(page, 'dialog');
  await dialog.getByRole('radio', { name: /^Slim/ }).click();
  await expect(dialog.getByRole('list', { name: 'Left out' })).toContainText(
    'values',
    { timeout: 60000 }
  );
  const name = dialog.getByRole('textbox', { name: 'File name' });
  await dialog.getByRole('radio', { name: /^In the notebook/ }).click();
  await expect(name).toHaveValue('shared-reproducible.ipynb');
  await expect(dialog.getByRole('checkbox')).toHaveCount(0);
  await expectGood(page);
  await picture(page, 'embedded');
  await dialog.getByRole('radio', { name: /^Full/ }).click();
  await name.fill('sent.nbrewind.zip');
  const container = dialog.getByRole('checkbox', {
    name: /^For a container .*\(\d+ kB\)$/
  });
  await container.check();
  await dialog.getByRole('button', { name: 'Export' }).click();

  // What was written.
  const notice = page.locator('.Toastify__toast', { hasText: /^Exported: / });
  await expect(notice).toContainText('sent.nbrewind.zip', { timeout: 60000 });
  await picture(page, 'exported');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    notice.getByRole('button', { name: 'Download' }).click()
  ]);
  expect(file.suggestedFilename()).toBe('sent.nbrewind.zip');
  const bytes = fs.readFileSync((await file.path())!);
  expect(bytes.subarray(0, 2).toString()).toBe('PK');
  expect(bytes.includes(SECRET)).toBe(false);
  expect(bytes.includes('compute/Containerfile')).toBe(true);
  await notice.getByRole('button', { name: 'Show in File Browser' }).click();
  const entry = page
    .locator('.jp-DirListing-item')
    .filter({ hasText: 'sent.nbrewind.zip' });
  await expect(entry).toBeVisible();

  // The same inside a notebook.
  void execute(page, 'nbrewind:export-notebook', {
    contents: 'embedded',
    confirmed: true
  });
  const other = page.locator('.Toastify__toast', { hasText: /ipynb/ });
  await expect(other).toContainText('Exported: shared-reproducible.ipynb', {
    timeout: 60000
  });
  await other.getByRole('button', { name: 'Open' }).click();
  await expect(
    page.locator('.jp-RewindPackage').getByText('Your own package')
  ).toBeVisible({ timeout: 60000 });

  // Somebody else opens it.
  fs.writeFileSync(path.join(receiver.root, 'sent.nbrewind.zip'), bytes);
  await page.unrouteAll();
  await visit(page, `${receiver.address}lab`);
  await entry.dblclick({ timeout: 60000 });
  const view = page.locator('.jp-RewindPackage');
  await expect(view.getByText('Not trusted.', { exact: true })).toBeVisible({
    timeout: 60000
  });
  await expect(view.getByText('All of it was checked')).toBeVisible({
    timeout: 60000
  });
  await view.getByText('Cell 6').scrollIntoViewIfNeeded();
  await expect(view.getByText(/^total \d+ \['a', 'b', 'c'\]/)).toBeVisible();
  await expect(view.getByText('bold', { exact: true })).toBeVisible();
  expect(await page.evaluate(() => 'fired' in window)).toBe(false);
  await expectGood(page);
  await picture(page, 'untrusted');
  await expect(view.getByRole('button', { name: 'Repeat…' })).toHaveAttribute(
    'aria-disabled',
    'true'
  );

  // Trust, and repeat.
  await view.getByRole('button', { name: 'Trust…' }).click();
  const question = page.getByRole('dialog');
  await expect(question).toContainText('To load them may run code');
  await question.getByRole('button', { name: 'Trust', exact: true }).click();
  await expect(view.getByText('Trusted.', { exact: true })).toBeVisible({
    timeout: 60000
  });
  await picture(page, 'trusted');
  await view.getByRole('button', { name: 'Repeat…' }).click();
  const plan = page.getByRole('dialog', {
    name: 'Bring the whole notebook up to date'
  });
  await expect(plan).toBeVisible({ timeout: 90000 });
  await expect(plan.getByText('Is loaded').first()).toBeVisible();
  await picture(page, 'plan');
  await plan.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(plan).toBeHidden();
  const notebook = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  const fresh = CELLS.map(() => 'fresh');
  await expectFreshness(page, fresh);
  await expect(
    notebook.getByText(/^total \d+ \['a', 'b', 'c'\]/)
  ).toBeVisible();
  const there = await page.evaluate(() => {
    const { context } = window.jupyterapp.shell.currentWidget as never as {
      context: { path: string };
    };
    return context.path;
  });
  expect(there).toBe('sent/shared.ipynb');
});

test('a notebook without records, and a package that is none, say what to do', async ({
  page,
  tmpPath
}) => {
  await write(page, `${tmpPath}/new.ipynb`, ['new = 1'], 'n');
  await open(page, `${tmpPath}/new.ipynb`);
  void execute(page, 'nbrewind:export-notebook');
  const dialog = page.getByRole('dialog', { name: 'Export new.ipynb' });
  await expect(
    dialog.getByText(
      /^Nothing is recorded of this notebook yet\. Run its cells/
    )
  ).toBeVisible({ timeout: 60000 });
  await picture(page, 'nothing');
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await page.contents.uploadContent(
    'no zip',
    'text',
    `${tmpPath}/bad.nbrewind.zip`
  );
  await execute(page, 'nbrewind:open-package', {
    path: `${tmpPath}/bad.nbrewind.zip`
  });
  const view = page.locator('.jp-RewindPackage');
  await expect(view.getByRole('alert')).toContainText(
    'bad.nbrewind.zip is no package',
    { timeout: 60000 }
  );
  await expectGood(page);
  await picture(page, 'bad');
});
