/**
 * A Jupyter server of a test's own, for what the common one is not.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { type APIRequestContext, expect } from '@playwright/test';

const CONFIG = path.resolve(__dirname, '../jupyter_server_test_config.py');

/** A running server. */
export interface IServer {
  /** Where it is: ends with a slash. */
  readonly address: string;
  /** The folder that it shows. */
  readonly root: string;
  /** End it, with its kernels. */
  stop(request: APIRequestContext): Promise<void>;
}

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

/**
 * Start a server, and wait until it answers.
 *
 * @param request - How to ask it
 * @param name - What its folder is called
 * @param options - `app`: the subcommand of `jupyter`; `base`: where its
 *   addresses begin, with slashes at both ends; `args`, `env`: what else
 */
export async function startServer(
  request: APIRequestContext,
  name: string,
  options: {
    app: 'lab' | 'notebook';
    base?: string;
    args?: readonly string[];
    env?: Record<string, string>;
  }
): Promise<IServer> {
  const { app, base = '/', args = [], env = {} } = options;
  const home = path.join(process.env.UI_HOME!, name);
  const root = path.join(home, 'root');
  fs.mkdirSync(root, { recursive: true });
  const port = await freePort();
  const address = `http://localhost:${port}${base}`;
  const child: ChildProcess = spawn(
    'jupyter',
    [
      app,
      '--allow-root',
      `--config=${CONFIG}`,
      `--ServerApp.base_url=${base}`,
      `--ServerApp.port=${port}`,
      `--ServerApp.root_dir=${root}`,
      '--Application.log_level=ERROR',
      ...args
    ],
    {
      cwd: home,
      env: {
        ...process.env,
        IPYTHONDIR: path.join(home, 'ipython'),
        JUPYTER_CONFIG_DIR: path.join(home, 'config'),
        JUPYTER_DATA_DIR: path.join(home, 'data'),
        JUPYTER_RUNTIME_DIR: path.join(home, 'runtime'),
        NBREWIND_STORE: path.join(home, 'store'),
        ...env
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
  return {
    address,
    root,
    stop: async request => {
      const sessions = await request.get(`${address}api/sessions`);
      for (const { id } of await sessions.json()) {
        await request.delete(`${address}api/sessions/${id}`);
      }
      child.kill();
    }
  };
}
