/**
 * Playwright with a Chromium of the system: nothing is downloaded.
 *
 * The test server takes a free port, so that several working copies can be
 * tested at the same time and none can test another's server by accident.
 * UI_PORT chooses one, CHROMIUM_PATH a browser; `scripts/test.sh ui` finds it.
 */
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

/** Ask the operating system for a port that nobody uses. */
function freePort() {
  const code =
    "const s = require('net').createServer().listen(0, '127.0.0.1', () => {" +
    'console.log(s.address().port); s.close(); })';
  return execFileSync(process.execPath, ['-e', code]).toString().trim();
}

// This file is loaded once more in each worker process, which inherits these.
process.env.UI_PORT = process.env.UI_PORT || freePort();
process.env.UI_HOME =
  process.env.UI_HOME || fs.mkdtempSync(path.join(os.tmpdir(), 'nbrewind-ui-'));
const { CHROMIUM_PATH, UI_HOME, UI_PORT } = process.env;
process.env.TARGET_URL = `http://localhost:${UI_PORT}`;

const base = require('@jupyterlab/galata/lib/playwright-config');

module.exports = {
  ...base,
  testDir: './tests',
  outputDir: './test-results',
  reporter: [['list']],
  forbidOnly: true,
  // What is marked so runs in `make test-all` only, as with pytest's marks.
  grepInvert: process.env.LOOKS === 'all' ? undefined : /@slow/,
  retries: 0,
  workers: 2,
  use: {
    ...base.use,
    // Recording needs an ffmpeg that only Playwright's own download brings.
    video: 'off',
    launchOptions: {
      executablePath: CHROMIUM_PATH || '/usr/bin/chromium-headless-shell',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: {
    command: `jupyter lab --allow-root --config jupyter_server_test_config.py --ServerApp.port=${UI_PORT} --Application.log_level=ERROR`,
    env: {
      IPYTHONDIR: path.join(UI_HOME, 'ipython'),
      JUPYTER_CONFIG_DIR: path.join(UI_HOME, 'config'),
      JUPYTER_DATA_DIR: path.join(UI_HOME, 'data'),
      JUPYTER_RUNTIME_DIR: path.join(UI_HOME, 'runtime'),
      NBREWIND_STORE: path.join(UI_HOME, 'store')
    },
    url: `http://localhost:${UI_PORT}/lab`,
    timeout: 120000,
    reuseExistingServer: false
  }
};
