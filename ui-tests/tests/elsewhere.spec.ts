/**
 * What is not as usual: another language, a slow connection, another folder.
 */

import fs from 'node:fs';
import path from 'node:path';

import { expect } from '@jupyterlab/galata';

import {
  badges,
  chain,
  evaluate,
  execute,
  expectFreshness,
  open,
  recording,
  test,
  visit,
  write
} from './notebook';

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

/** Where the server of the tests looks for kernels. */
const KERNELS = path.join(process.env.UI_HOME!, 'data', 'kernels');

/** How much later each request is sent than asked for, in ms. */
const DELAY = 700;

test('a kernel of another language is left alone, and that is said', async ({
  page,
  tmpPath
}) => {
  const spec = path.join(KERNELS, 'bash');
  fs.mkdirSync(spec, { recursive: true });
  fs.writeFileSync(
    path.join(spec, 'kernel.json'),
    JSON.stringify({
      argv: ['python', '-m', 'bash_kernel', '-f', '{connection_file}'],
      display_name: 'Bash',
      language: 'bash'
    })
  );
  const text = JSON.stringify({
    cells: ['greeting=hello', 'echo "$greeting you"'].map((source, index) => ({
      cell_type: 'code',
      id: `b${index}`,
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    })),
    metadata: {
      kernelspec: { display_name: 'Bash', language: 'bash', name: 'bash' }
    },
    nbformat: 4,
    nbformat_minor: 5
  });
  await page.reload();
  await page.contents.uploadContent(text, 'text', `${tmpPath}/bash.ipynb`);
  await page.notebook.openByPath(`${tmpPath}/bash.ipynb`);
  await page.notebook.run();
  await expect(page.getByText('hello you')).toBeVisible();
  await execute(page, 'nbrewind:open');
  const panel = page.getByRole('region', { name: 'Rewind' });
  await expect(panel).toContainText('this one is of bash');
  await expect(badges(page)).toHaveCount(0);
  expect(await page.locator('.Toastify__toast').count()).toBeLessThan(2);
  // The numbers are the user's: nothing of ours ran in between.
  await expect(page.locator('.jp-CodeCell .jp-InputPrompt').nth(1)).toHaveText(
    '[2]:'
  );
});

test('over a slow connection everything comes, only later', async ({
  page,
  tmpPath
}) => {
  await write(page, `${tmpPath}/slow.ipynb`, chain(2200), 's');
  await page.route('**/*', async route => {
    await new Promise(resolve => setTimeout(resolve, DELAY));
    await route.continue();
  });
  await open(page, `${tmpPath}/slow.ipynb`);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  await page.notebook.setCell(1, 'code', 'base = 2201');
  await expectFreshness(page, EDITED);
  await execute(page, 'nbrewind:run-stale', { accept: true });
  await expectFreshness(page, ALL_FRESH);
  await expect(page.getByText('value 4402')).toHaveCount(1);
  await execute(page, 'nbrewind:rewind-to-cell', { cellId: 's4' });
  expect(await evaluate(page, "'total' in globals()")).toBe('False');
});

test('a notebook moved to another folder keeps its states', async ({
  page,
  tmpPath
}) => {
  await write(page, `${tmpPath}/moved.ipynb`, chain(2300), 'v');
  await open(page, `${tmpPath}/moved.ipynb`);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  await page.notebook.setCell(1, 'code', 'base = 2301');
  await expectFreshness(page, EDITED);
  await page.notebook.save();
  await page.contents.createDirectory(`${tmpPath}/deeper`);
  await page.evaluate(
    async ([from, to]) => {
      await window.jupyterapp.serviceManager.contents.rename(from!, to!);
    },
    [`${tmpPath}/moved.ipynb`, `${tmpPath}/deeper/moved.ipynb`]
  );
  await expectFreshness(page, EDITED);
  await visit(page, `/lab/tree/${tmpPath}/deeper/moved.ipynb`);
  await recording(page);
  await expectFreshness(page, EDITED);
  await execute(page, 'nbrewind:run-stale', { accept: true });
  await expectFreshness(page, ALL_FRESH);
});
