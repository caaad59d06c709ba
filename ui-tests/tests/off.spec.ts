import { expect, galata } from '@jupyterlab/galata';

import {
  badges,
  chain,
  evaluate,
  execute,
  expectFreshness,
  test,
  write
} from './notebook';

test.describe('Recording turned off in the settings', () => {
  test.use({
    mockSettings: {
      ...galata.DEFAULT_SETTINGS,
      'jupyterlab-nbrewind:session': { recording: false }
    }
  });

  test('says so, leaves the kernel alone and can be turned on', async ({
    page,
    tmpPath
  }) => {
    await write(page, `${tmpPath}/chain.ipynb`, chain(1800), 'o');
    await page.notebook.openByPath(`${tmpPath}/chain.ipynb`);
    await expect(
      page.getByRole('button', { name: 'Recording off' })
    ).toBeVisible({ timeout: 30000 });
    await page.notebook.run();
    await expect(page.getByText('total 63')).toBeVisible();
    expect(
      await evaluate(page, "'nbrewind' in __import__('sys').modules")
    ).toBe('False');
    // What was run here is not known, and that is said.
    await expectFreshness(
      page,
      chain(0).map(() => 'unknown')
    );
    await expect(badges(page).nth(7)).toHaveAccessibleName(
      /^Unknown: It ran while nothing was recorded/
    );

    await execute(page, 'nbrewind:open');
    const panel = page.getByRole('region', { name: 'Rewind' });
    await expect(panel).toContainText('off');
    await panel.getByRole('button', { name: 'Record', exact: true }).click();
    await expect(
      page.getByRole('button', { name: /^Recording( · |$)/ })
    ).toBeVisible();
    await page.notebook.run();
    await expect(badges(page).nth(7)).toHaveAccessibleName(/^Fresh/);
  });
});

test('without the server part notebooks run, and the panel says what to do', async ({
  page,
  tmpPath
}) => {
  await page.route('**/nbrewind/api/**', route =>
    route.fulfill({ status: 404, json: { message: 'Not Found' } })
  );
  await page.reload();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(error.message));
  await write(page, `${tmpPath}/chain.ipynb`, chain(1900), 'm');
  await page.notebook.openByPath(`${tmpPath}/chain.ipynb`);
  await execute(page, 'nbrewind:open');
  const panel = page.getByRole('region', { name: 'Rewind' });
  await expect(panel.getByRole('status').first()).toContainText(
    'The server part is missing.'
  );
  await expect(panel).toContainText('pip install jupyterlab-nbrewind');
  await page.notebook.run();
  await expect(page.getByText('total 64.6')).toBeVisible();
  await page.notebook.save();
  await expect(badges(page)).toHaveCount(0);
  // One notification at most.
  expect(await page.locator('.Toastify__toast').count()).toBeLessThan(2);
  await expect(
    page.getByRole('button', { name: 'Rewind: no server part' })
  ).toBeVisible();
  expect(errors).toEqual([]);

  await page.unroute('**/nbrewind/api/**');
  await panel.getByRole('button', { name: 'Check Again' }).click();
  await expect(panel.getByRole('tree', { name: 'Cells' })).toBeVisible();
  await page.notebook.run();
  await expect(badges(page).nth(7)).toHaveAccessibleName(/^Fresh/);
});
