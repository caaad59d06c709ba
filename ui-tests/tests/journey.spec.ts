import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';

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

/** Write and open a chain of cells. */
async function openChain(
  page: IJupyterLabPageFixture,
  folder: string,
  start: number
): Promise<void> {
  await write(page, `${folder}/chain.ipynb`, chain(start));
  await open(page, `${folder}/chain.ipynb`);
}

/** Confirm the plan that is shown. */
async function accept(page: IJupyterLabPageFixture): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^Run/ }).click();
  await expect(dialog).toBeHidden();
}

test('an edit makes it and its dependants stale; a plan brings a cell up to date', async ({
  page,
  tmpPath
}) => {
  await openChain(page, tmpPath, 100);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  await expect(
    page.getByRole('button', { name: 'Recording', exact: true })
  ).toBeVisible();

  await page.notebook.setCell(1, 'code', 'base = 101');
  await expectFreshness(page, EDITED);
  await expect(
    page.getByRole('button', { name: 'Recording · 6 stale' })
  ).toBeVisible();

  await page.notebook.selectCells(7);
  const plan = execute(page, 'nbrewind:bring-up-to-date');
  await accept(page);
  expect(await plan).toMatchObject({
    state: 'done',
    ran: ['c1', 'c2', 'c5', 'c6', 'c7'],
    skipped: ['c3']
  });
  await expect(page.getByText('total 17.2126')).toBeVisible();
  // It was not asked for, and says what it shows.
  await expect(page.getByText('value 200')).toBeVisible();
  await expectFreshness(
    page,
    ALL_FRESH.map((word, index) => (index === 3 ? 'input changed' : word))
  );
  expect(await evaluate(page, 'total')).toContain('17.2126');
});

test('an edit that is taken back is fresh again', async ({ page, tmpPath }) => {
  await openChain(page, tmpPath, 200);
  await page.notebook.run();
  await page.notebook.setCell(1, 'code', 'base = 201');
  await expectFreshness(page, EDITED);
  await page.notebook.setCell(1, 'code', 'base = 200');
  await expectFreshness(page, ALL_FRESH);
});

test('the panel leads to where a cell uses a name, in any script', async ({
  page,
  tmpPath
}) => {
  await write(page, `${tmpPath}/names.ipynb`, [
    'größe = 3',
    "note = '🎉'; total = 0\n'𝒜'; total += größe; note"
  ]);
  await open(page, `${tmpPath}/names.ipynb`);
  await page.notebook.run();
  await expectFreshness(page, ['fresh', 'fresh']);
  await execute(page, 'nbrewind:open');
  const panel = page.getByRole('region', { name: 'Rewind' });
  await panel.getByRole('treeitem', { name: /^Cell 2:/ }).click();
  await panel.getByRole('button', { name: 'line 2' }).first().click();
  const selection = (): Promise<string> =>
    page.evaluate(() => getSelection()!.toString());
  await expect.poll(selection).toBe('größe');
  await page.keyboard.type('4');
  await expect
    .poll(() => page.notebook.getCellTextInput(1))
    .toContain('total += 4; note');
  // The text reads it no more: what is shown follows.
  await expect(panel.getByRole('button', { name: 'line 2' })).toHaveCount(1);
});

test('rewinds to a cell and back', async ({ page, tmpPath }) => {
  await openChain(page, tmpPath, 300);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  await page.notebook.selectCells(4);
  expect(await execute(page, 'nbrewind:rewind-to-cell')).toMatchObject({
    done: true
  });
  expect(await evaluate(page, "(other, 'total' in globals())")).toBe(
    '([1, 2, 3], False)'
  );
  await expect(badges(page).nth(6)).toHaveAccessibleName(/not in the kernel/);
  await expect(badges(page).nth(4)).not.toHaveAccessibleName(
    /not in the kernel/
  );
  // Outputs are kept.
  await expect(page.getByText('total 27.49')).toBeVisible();

  await page
    .getByRole('alert')
    .filter({ hasText: 'rewound' })
    .getByRole('button', { name: 'Undo' })
    .click();
  await expect.poll(() => evaluate(page, 'total')).toContain('27.49');
  await expect(badges(page).nth(6)).not.toHaveAccessibleName(
    /not in the kernel/
  );
});

test('puts files back, and asks before what is recorded nowhere is lost', async ({
  page,
  tmpPath
}) => {
  const cells = ['one', 'two'].map(
    text => `with open('out.txt', 'w') as file: _ = file.write('${text}')`
  );
  await write(page, `${tmpPath}/files.ipynb`, cells);
  await open(page, `${tmpPath}/files.ipynb`);
  await page.notebook.run();
  await expectFreshness(page, ['fresh', 'fresh']);
  await page.notebook.selectCells(0);
  await execute(page, 'nbrewind:rewind-to-cell');
  expect(await evaluate(page, "open('out.txt').read()")).toBe("'one'");
  await execute(page, 'nbrewind:undo-rewind');
  expect(await evaluate(page, "open('out.txt').read()")).toBe("'two'");

  await evaluate(page, "open('out.txt', 'w').write('by hand')");
  await execute(page, 'nbrewind:rewind-to-cell');
  expect(await evaluate(page, "open('out.txt').read()")).toBe("'by hand'");
  const note = page.getByRole('alert').filter({ hasText: 'rewound' });
  await note.last().getByRole('button', { name: 'Details' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('out.txt has other content now');
  await page.screenshot({ path: test.info().outputPath('files.png') });
  await dialog.getByRole('button', { name: 'Overwrite Files' }).click();
  await expect
    .poll(() => evaluate(page, "open('out.txt').read()"))
    .toBe("'one'");
});

test('reloading the page changes no state', async ({ page, tmpPath }) => {
  await openChain(page, tmpPath, 400);
  await page.notebook.run();
  await page.notebook.setCell(1, 'code', 'base = 401');
  await expectFreshness(page, EDITED);
  await page.notebook.save();
  await visit(page, page.url());
  await recording(page);
  await expectFreshness(page, EDITED);
  await expect(badges(page).nth(4)).not.toHaveAccessibleName(
    /not in the kernel/
  );
});

test('after a restart nothing claims to be in the kernel', async ({
  page,
  tmpPath
}) => {
  await openChain(page, tmpPath, 500);
  await page.notebook.run();
  await expectFreshness(page, ALL_FRESH);
  const restarted = execute(page, 'kernelmenu:restart');
  await page.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await restarted;
  await recording(page);
  for (let cell = 0; cell < ALL_FRESH.length; cell++) {
    await expect(badges(page).nth(cell)).toHaveAccessibleName(
      /not in the kernel/
    );
  }
  expect(await evaluate(page, "'total' in globals()")).toBe('False');
});

test('the first cell of Restart and Run All is recorded', async ({
  page,
  tmpPath
}) => {
  await openChain(page, tmpPath, 600);
  await page.notebook.setCell(1, 'code', 'base = 601');
  await execute(page, 'nbrewind:open');
  const restarted = execute(page, 'runmenu:restart-and-run-all');
  await page.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await restarted;
  await expectFreshness(page, ALL_FRESH);
  await expect(badges(page).nth(0)).not.toHaveAccessibleName(
    /not in the kernel/
  );
});

test('a plan goes on while the page is closed, and its outputs are there on return', async ({
  page,
  tmpPath
}) => {
  await write(page, `${tmpPath}/slow.ipynb`, [
    'base = 700',
    'import time; time.sleep(2); slow = base + 1\nprint("slow", slow)',
    'print("done", slow)'
  ]);
  await open(page, `${tmpPath}/slow.ipynb`);
  await page.notebook.run();
  await expectFreshness(page, ['fresh', 'fresh', 'fresh']);
  await page.notebook.setCell(0, 'code', 'base = 701');
  await expectFreshness(page, ['edited', 'upstream stale', 'upstream stale']);
  await page.notebook.save();
  void execute(page, 'nbrewind:run-stale', { accept: true }).catch(() => {
    // The page goes away before it ends.
  });
  await expect(page.getByRole('button', { name: /^Plan: / })).toBeVisible();
  const address = page.url();
  await visit(page, 'about:blank');
  await page.waitForTimeout(4000);
  await visit(page, address);
  await recording(page);
  await expectFreshness(page, ['fresh', 'fresh', 'fresh']);
  await expect(page.getByText('slow 702')).toBeVisible();
  await expect(page.getByText('done 702')).toBeVisible();
  await expect(
    page.getByRole('alert').filter({ hasText: 'while this page was closed' })
  ).toBeVisible();
});
