/**
 * What the tests do with notebooks, as a user does it.
 */

import { spawnSync } from 'node:child_process';

import {
  expect,
  type IJupyterLabPageFixture,
  test as base
} from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';
import type { Locator, Page } from '@playwright/test';

/**
 * Tests with the server's own answers about kernels: with those that Galata
 * gives in their place, no kernel can be restarted. Kernels of the test's
 * folder end with it.
 */
export const test = base.extend<{ kernelsEnd: void }>({
  kernels: null,
  sessions: null,
  kernelsEnd: [
    async ({ request, tmpPath }, use) => {
      await use();
      const all = await (await request.get('/api/sessions')).json();
      for (const session of all) {
        if (session.path.startsWith(`${tmpPath}/`)) {
          await request.delete(`/api/sessions/${session.id}`);
        }
      }
    },
    { auto: true }
  ]
});

/** Words of freshness, as the first of what a badge says. */
const WORDS =
  /^(Never run|Fresh|Edited|Input changed|Upstream stale|Out of order|Failed|Unknown)\b/;

/**
 * Return a chain of cells: each depends on the one before, but for the fifth.
 *
 * @param start - Where the chain begins. Another one for each test, or the
 *   records of one test would answer the cells of the other
 */
export function chain(start: number): string[] {
  return [
    'import math',
    `base = ${start}`,
    'double = base * 2',
    'shown = f"value {double}"; print(shown)',
    'other = [1, 2, 3]',
    'root = math.sqrt(double)',
    'total = root + len(other)',
    'print("total", total)'
  ];
}

/** Whether the environment has TaskVine. */
export function hasTaskVine(): boolean {
  return !spawnSync('python', ['-c', 'import ndcctools.taskvine']).status;
}

/** Cells that submit tasks of 0.1 s, and wait for them. */
export function taskCells(count: number): string[] {
  return [
    "import os; os.environ['CATALOG_HOST'] = 'localhost'\nimport ndcctools.taskvine as vine",
    "m = vine.Manager(0, run_info_path='info')",
    [
      'def submit(n):',
      '    task = vine.Task(f"sleep 0.1; echo {n}")',
      '    return m.submit(task)',
      `places = [submit(n) for n in range(${count})]`,
      'found = []',
      'while not m.empty():',
      '    task = m.wait(5)',
      '    if task: found.append(int(task.output))',
      'print(sum(found))'
    ].join('\n')
  ];
}

/**
 * Write a notebook of code cells, with ids `c0`, `c1` … or another letter.
 *
 * @param page - The page
 * @param path - Where to
 * @param sources - The cells' texts
 * @param letter - What ids begin with. One of its own where histories matter:
 *   a notebook with the ids of one that is gone has been renamed
 */
export async function write(
  page: IJupyterLabPageFixture,
  path: string,
  sources: readonly string[],
  letter = 'c'
): Promise<void> {
  await page.contents.uploadContent(
    notebookText(sources, letter),
    'text',
    path
  );
}

/** Return the text of a notebook's file. */
export function notebookText(sources: readonly string[], letter = 'c'): string {
  const cells = sources.map((source, index) => ({
    cell_type: 'code',
    id: `${letter}${index}`,
    execution_count: null,
    metadata: {},
    outputs: [],
    source
  }));
  const metadata = {
    kernelspec: {
      display_name: 'Python 3',
      language: 'python',
      name: 'python3'
    }
  };
  return JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 });
}

/** Open a notebook, and wait until its kernel records. */
export async function open(
  page: IJupyterLabPageFixture,
  path: string
): Promise<void> {
  await page.notebook.openByPath(path);
  await recording(page);
}

/** Wait until the kernel records. */
export async function recording(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: /^Recording/ })).toBeVisible({
    timeout: 30000
  });
}

/** Wait until the page is there and its notebook's kernel waits for a cell. */
export async function kernelIdle(page: Page): Promise<void> {
  await page.waitForFunction(
    () => {
      const panel = window.jupyterapp?.shell.currentWidget as NotebookPanel;
      return panel?.sessionContext?.session?.kernel?.status === 'idle';
    },
    null,
    { timeout: 60000 }
  );
}

/** Run a command, and return its result. */
export function execute(
  page: Page,
  id: string,
  args: Record<string, unknown> = {}
): Promise<unknown> {
  return page.evaluate(
    ([name, given]) => window.jupyterapp.commands.execute(name, given),
    [id, args as Record<string, string | boolean>] as const
  );
}

/** The badges of the notebook that is shown, in the order of its cells. */
export function badges(page: Page): Locator {
  return page
    .locator('.jp-NotebookPanel:not(.lm-mod-hidden)')
    .getByRole('button', { name: WORDS });
}

/** What the badges say, the first word or words only. */
export async function freshness(page: Page): Promise<string[]> {
  const names = await badges(page).evaluateAll(nodes =>
    nodes.map(node => node.getAttribute('aria-label') ?? '')
  );
  return names.map(name => WORDS.exec(name)?.[0].toLowerCase() ?? name);
}

/** Wait until the badges say these words. */
export async function expectFreshness(
  page: Page,
  words: readonly string[]
): Promise<void> {
  await expect.poll(() => freshness(page), { timeout: 20000 }).toEqual(words);
}

/** Evaluate a Python expression in the notebook's kernel. */
export function evaluate(page: Page, expression: string): Promise<string> {
  return page.evaluate(async code => {
    const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
    const kernel = panel.sessionContext.session!.kernel!;
    const reply = await kernel.requestExecute({
      code: '',
      silent: true,
      store_history: false,
      user_expressions: { value: code }
    }).done;
    const { user_expressions: found } =
      reply.content as KernelMessage.IExecuteReply;
    const value = found.value as { data?: Record<string, string> };
    return value.data?.['text/plain'] ?? JSON.stringify(value);
  }, expression);
}

/** Leave the page for another one, or the same one anew. */
export async function visit(page: Page, address: string): Promise<void> {
  await Promise.all([
    page.waitForEvent('framenavigated'),
    page.evaluate(there => window.location.assign(there), address)
  ]);
}
