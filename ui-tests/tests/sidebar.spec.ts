import { expect, test } from '@jupyterlab/galata';

import { version } from '../../package.json';

test.describe('The Rewind panel', () => {
  test('opens by its command and shows what the server part is', async ({
    page
  }) => {
    const panel = page.getByRole('region', { name: 'Rewind' });
    await expect(panel).toBeHidden();
    const result = await page.evaluate(() =>
      window.jupyterapp.commands.execute('nbrewind:open')
    );
    expect(result).toEqual({ panel: 'jp-rewind-panel' });
    await expect(panel).toBeVisible();
    await expect(panel.getByRole('status')).toContainText('Open a notebook');
    await expect(panel.getByRole('definition').nth(0)).toHaveText(version);
  });

  test('opens from the View menu', async ({ page }) => {
    await page.menu.clickMenuItem('View>Open Rewind Panel');
    await expect(page.getByRole('region', { name: 'Rewind' })).toBeVisible();
  });

  test('says plainly that the server part is missing', async ({ page }) => {
    await page.route('**/nbrewind/api/version*', route =>
      route.fulfill({ status: 404, json: { message: 'Not Found' } })
    );
    await page.reload();
    await page.evaluate(() =>
      window.jupyterapp.commands.execute('nbrewind:open')
    );
    const panel = page.getByRole('region', { name: 'Rewind' });
    await expect(panel.getByRole('status')).toContainText(
      'The server part is missing.'
    );
    await page.unroute('**/nbrewind/api/version*');
    await panel.getByRole('button', { name: 'Check Again' }).click();
    await expect(panel.getByRole('status')).toContainText('Open a notebook');
  });
});
