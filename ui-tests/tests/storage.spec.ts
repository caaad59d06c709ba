/**
 * The section *Storage*: what takes how much of the store, cleaning it up, and
 * forgetting, in a real JupyterLab.
 */

import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { execute, expectFreshness, open, test, write } from './notebook';
import { unreadable } from './text';

const PANEL = '#jp-rewind-panel';

/** Cells that slowly make 3 MB, 1 MB and nothing. */
function cells(seed: number): string[] {
  return [
    `import random, time; time.sleep(0.2); large = random.Random(${seed}).randbytes(3_000_000)`,
    `time.sleep(0.2); small = random.Random(${seed + 1}).randbytes(1_000_000)`,
    'size = len(large) + len(small); del large, small',
    'size'
  ];
}

/** Run cells, and wait until their checkpoints are saved. */
async function runAll(page: IJupyterLabPageFixture): Promise<void> {
  await page.notebook.run();
  await expectFreshness(page, ['fresh', 'fresh', 'fresh', 'fresh']);
}

/** Open the section, and return it. */
async function openStorage(page: IJupyterLabPageFixture): Promise<Locator> {
  await execute(page, 'nbrewind:open');
  await page
    .locator(PANEL)
    .getByRole('heading', { name: /^Storage/ })
    .click();
  const section = page.locator('.jp-RewindStorageSection');
  await expect(section.getByRole('meter', { name: 'Store' })).toBeVisible();
  return section;
}

/** The row of a list. */
function row(section: Locator, list: string, text: string): Locator {
  return section
    .getByRole('list', { name: list })
    .getByRole('listitem')
    .filter({ hasText: text });
}

test.describe('Storage', () => {
  // They share one store.
  test.describe.configure({ mode: 'serial' });

  test('shows what takes how much, and is not asked for before', async ({
    page,
    tmpPath
  }) => {
    const asked: string[] = [];
    page.on('request', request => {
      if (request.url().includes('/nbrewind/api/storage')) {
        asked.push(request.url());
      }
    });
    await write(page, `${tmpPath}/shown.ipynb`, cells(100), 's');
    await open(page, `${tmpPath}/shown.ipynb`);
    await execute(page, 'nbrewind:open');
    await runAll(page);
    expect(asked).toEqual([]);

    const section = await openStorage(page);
    await expect(section.getByText(/ of 21 GB used/)).toBeVisible();
    const notebooks = section.getByRole('list', { name: 'Notebooks' });
    await expect(notebooks.getByRole('listitem').first()).toContainText(
      'shown.ipynb'
    );
    await expect(notebooks.getByRole('listitem').first()).toContainText(
      '4.0 MB'
    );
    const cell = row(section, 'Cells of this notebook', 'Cell 1');
    await expect(cell).toContainText('3.0 MB');
    const name = row(section, 'Names of this notebook', 'large');
    await expect(name).toContainText('3.0 MB');
    expect(await unreadable(page)).toEqual([]);
  });

  test('cleans up after showing what goes', async ({ page, tmpPath }) => {
    // Of all notebooks of all tests, the cheapest to make again for its size.
    const [, ...others] = cells(200);
    const sources = [
      'import random, time, numpy as np; large = np.random.default_rng(7).random(12_500_000)',
      ...others
    ];
    await write(page, `${tmpPath}/full.ipynb`, sources, 'f');
    await open(page, `${tmpPath}/full.ipynb`);
    await runAll(page);
    const section = await openStorage(page);
    await section.getByRole('button', { name: 'Clean Up…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Clean Up the Store' });
    await expect(
      dialog.getByText(/there is nothing to clean up|of it garbage/)
    ).toBeVisible();
    await expect(
      dialog.getByRole('list', { name: 'What is evicted' })
    ).toBeHidden();

    const answer = await page.request.get('nbrewind/api/storage');
    const { bytes } = await answer.json();
    await dialog.getByRole('spinbutton').fill(String((bytes - 1e6) / 1e9));
    const evicted = dialog.getByRole('list', { name: 'What is evicted' });
    await expect(
      evicted.getByRole('listitem').filter({ hasText: 'Cell 1' })
    ).toContainText('to recompute');
    await expect(dialog.getByText(/^Never touched/)).toBeVisible();
    expect(await unreadable(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Clean Up' }).click();
    await expect(
      page.getByText(/^Cleaned up: .* freed, values of \d+ runs? evicted\.$/)
    ).toBeVisible();
    await expect(
      section.getByText(/checkpoints? lacks? values that were evicted/)
    ).toBeVisible();

    await page.locator(PANEL).getByRole('treeitem').first().click();
    await expect(
      page.locator(PANEL).getByRole('region', { name: 'Selected cell' })
    ).toContainText('evicted');
  });

  test('takes limits for the store and for a notebook', async ({
    page,
    tmpPath
  }) => {
    await write(page, `${tmpPath}/limited.ipynb`, cells(250), 'l');
    await open(page, `${tmpPath}/limited.ipynb`);
    await runAll(page);
    const section = await openStorage(page);
    await section.getByRole('button', { name: 'Limits…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Storage Limits' });
    await expect(dialog).toContainText('Nothing is removed now');
    expect(await unreadable(page)).toEqual([]);
    await dialog
      .getByRole('spinbutton', { name: /^limited\.ipynb may hold/ })
      .fill('1.5');
    await dialog.getByRole('button', { name: 'Set' }).click();
    await expect(
      page.getByText('limited.ipynb may hold 1.5 GB.')
    ).toBeVisible();
    await expect(row(section, 'Notebooks', 'limited.ipynb')).toContainText(
      'may hold 1.5 GB'
    );
  });

  test('forgets after a warning', async ({ page, tmpPath }) => {
    await write(page, `${tmpPath}/secret.ipynb`, cells(300), 'g');
    await open(page, `${tmpPath}/secret.ipynb`);
    await runAll(page);
    const section = await openStorage(page);
    const name = row(section, 'Names of this notebook', 'large');
    await name
      .getByRole('button', { name: 'Forget the values of large…' })
      .click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText(
      'Forget the name large of secret.ipynb?'
    );
    await expect(dialog).toContainText('This can’t be undone');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(name).toBeVisible();

    await name
      .getByRole('button', { name: 'Forget the values of large…' })
      .click();
    await expect(dialog).toContainText('frees 3.0 MB');
    await dialog.getByRole('button', { name: 'Forget' }).click();
    await expect(page.getByText(/^Forgotten: the name large/)).toBeVisible();
    await expect(name).toBeHidden();

    await section
      .getByRole('button', { name: 'Forget This Notebook…' })
      .click();
    await expect(dialog).toContainText('Forget secret.ipynb?');
    await dialog.getByRole('button', { name: 'Forget' }).click();
    await expect(page.getByText(/^Forgotten: secret.ipynb/)).toBeVisible();
    await expectFreshness(page, [
      'never run',
      'never run',
      'never run',
      'never run'
    ]);

    // The kernel goes on, and what runs now is recorded.
    await runAll(page);
    await expect(
      row(section, 'Cells of this notebook', 'Cell 1')
    ).toContainText('3.0 MB');
  });

  test('is used with the keyboard alone', async ({ page, tmpPath }) => {
    await write(page, `${tmpPath}/keys.ipynb`, cells(400), 'k');
    await open(page, `${tmpPath}/keys.ipynb`);
    await runAll(page);
    await execute(page, 'nbrewind:open');
    const header = page
      .locator(PANEL)
      .getByRole('heading', { name: /^Storage/ });
    await header.focus();
    await page.keyboard.press('Enter');
    const section = page.locator('.jp-RewindStorageSection');
    await expect(section.getByRole('meter')).toBeVisible();
    const focused = async (): Promise<string> =>
      page.evaluate(() => {
        const { activeElement } = document;
        return (
          activeElement?.getAttribute('aria-label') ??
          activeElement?.textContent ??
          ''
        );
      });
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Clean Up…');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Limits…');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Forget keys.ipynb…');
    await page.keyboard.press('Tab');
    if ((await focused()).startsWith('Show All')) {
      // Other tests' notebooks are there, too.
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toMatch(/^Forget what is recorded of Cell 1…$/);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toMatch(/^Forget what is recorded of Cell 2…$/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Forget Cell 2 of keys.ipynb?');
    // What loses nothing has the focus.
    await expect.poll(focused).toBe('Cancel');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    expect(await focused()).toMatch(/^Forget what is recorded of Cell 2…$/);
  });
});
