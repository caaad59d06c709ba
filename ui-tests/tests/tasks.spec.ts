/**
 * The section *Tasks*: distributed tasks as they run and as records answer
 * them, and a worker that is started there. With a real manager and worker.
 */

import { expect } from '@jupyterlab/galata';

import { execute, hasTaskVine, open, taskCells, test, write } from './notebook';
import { unreadable } from './text';

const PANEL = '#jp-rewind-panel';

/** Where screenshots go; none are taken without it. */
const PICTURES = process.env.UI_PICTURES ?? '';

test.describe('Tasks', () => {
  test.skip(
    !hasTaskVine(),
    'there is no TaskVine: scripts/taskvine.sh says why'
  );

  test('are seen as they run, answered the next time, and get a worker', async ({
    page,
    tmpPath
  }) => {
    test.setTimeout(120000);
    await write(page, `${tmpPath}/tasks.ipynb`, taskCells(20), 't');
    await open(page, `${tmpPath}/tasks.ipynb`);
    await execute(page, 'nbrewind:open');
    const panel = page.locator(PANEL);
    await expect(panel.getByRole('treeitem').first()).toBeVisible();
    const section = page.locator('.jp-RewindTasksSection');
    await expect(section).toHaveCount(0);

    // They wait: there is no worker.
    const ran = execute(page, 'notebook:run-all-cells');
    const cell = section.getByRole('button', { name: /^Cell 3/ });
    await expect(cell).toHaveAccessibleName(/20 waiting/, { timeout: 30000 });
    const start = section.getByRole('button', { name: 'Start Worker' });
    await expect(section).toContainText('Open · no worker');
    await start.click();
    await expect(
      section.getByRole('button', { name: 'Stop Worker' })
    ).toBeVisible();
    await expect(section).toContainText('Open · 1 worker · 1 core', {
      timeout: 20000
    });
    // They run: some are done, and the cell goes on.
    await expect(cell).toHaveAccessibleName(/\d+ done.*\d+ (waiting|running)/, {
      timeout: 20000
    });
    if (PICTURES) {
      await page.screenshot({ path: `${PICTURES}/running.png` });
    }
    await expect(cell).toHaveAccessibleName(/, 20 done$/, { timeout: 30000 });
    await cell.click();
    const details = section.locator('.jp-RewindTasks-details');
    await expect(details).toContainText(
      '20 were not answered: nothing like it is recorded.'
    );
    const list = details.getByRole('list', { name: 'Each task' });
    await expect(list.getByRole('listitem')).toHaveCount(20);
    await expect(section.getByRole('img')).toHaveAccessibleName(
      'Tasks that ran at a time'
    );
    expect(await unreadable(page)).toEqual([]);

    await ran;

    // What the manager logged is there as soon as it is kept with the run.
    await details
      .getByRole('button', { name: /^Transactions of manager 1/ })
      .click();
    const log = details.getByRole('region', {
      name: 'Transactions of manager 1'
    });
    await expect(log).toContainText(/nbrewind task=1 key=task:[0-9a-f]+/);
    expect(await unreadable(page)).toEqual([]);

    // The next time records answer them, and no worker is needed.
    await section.getByRole('button', { name: 'Stop Worker' }).click();
    await expect(
      section.getByRole('button', { name: 'Stop Worker' })
    ).toHaveCount(0, { timeout: 15000 });
    await execute(page, 'notebook:run-all-cells');
    await expect(cell).toHaveAccessibleName(/, 20 answered$/, {
      timeout: 20000
    });
    await expect(details).not.toContainText('not answered');
    await expect(section).toContainText('Not open: no task had to run so far');
    await expect(section.getByRole('img')).toHaveCount(0);
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080]
    ] as const) {
      for (const theme of ['Light', 'Dark']) {
        if (PICTURES) {
          await page.theme.setTheme(`JupyterLab ${theme}`);
          await page.setViewportSize({ width, height });
          await page.screenshot({
            path: `${PICTURES}/${width}-${theme.toLowerCase()}.png`
          });
        }
      }
    }
  });
});
