/**
 * Notebook 7, below an address that is not the server's root.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import {
  badges,
  chain,
  evaluate,
  execute,
  expectFreshness,
  kernelIdle,
  notebookText
} from './notebook';

/** Where the server's addresses begin. */
const BASE = '/some/where/';

let address = '';
let server: ChildProcess | undefined;

/** Ask the operating system for a port that nobody uses. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

test.beforeAll(async ({ request }) => {
  const home = path.join(process.env.UI_HOME!, 'notebook7');
  const root = path.join(home, 'root');
  fs.mkdirSync(root, { recursive: true });
  fs.writeFileSync(path.join(root, 'chain.ipynb'), notebookText(chain(900)));
  const port = await freePort();
  address = `http://localhost:${port}${BASE}`;
  server = spawn(
    'jupyter',
    [
      'notebook',
      '--allow-root',
      '--config=jupyter_server_test_config.py',
      '--JupyterNotebookApp.expose_app_in_browser=True',
      `--ServerApp.base_url=${BASE}`,
      `--ServerApp.port=${port}`,
      `--ServerApp.root_dir=${root}`,
      '--Application.log_level=ERROR'
    ],
    {
      cwd: path.join(__dirname, '..'),
      env: {
        ...process.env,
        IPYTHONDIR: path.join(home, 'ipython'),
        JUPYTER_CONFIG_DIR: path.join(home, 'config'),
        JUPYTER_DATA_DIR: path.join(home, 'data'),
        JUPYTER_RUNTIME_DIR: path.join(home, 'runtime'),
        NBREWIND_STORE: path.join(home, 'store')
      },
      stdio: 'ignore'
    }
  );
  await expect
    .poll(
      async () => {
        try {
          return (await request.get(`${address}api/status`)).status();
        } catch {
          return 0;
        }
      },
      { timeout: 50000 }
    )
    .toBe(200);
});

test.afterAll(async ({ request }) => {
  const sessions = await (await request.get(`${address}api/sessions`)).json();
  for (const { id } of sessions) {
    await request.delete(`${address}api/sessions/${id}`);
  }
  server?.kill();
});

test('a notebook is recorded, brought up to date and rewound', async ({
  page
}) => {
  await page.goto(`${address}notebooks/chain.ipynb`);
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
