/**
 * Measures JupyterLab in a headless browser, with and without the extension.
 *
 * Reads {chromium, servers: {on, off}, rounds, big, huge} as JSON from the
 * first argument and prints samples as JSON: one object per measurement, with
 * a list of [on, off] pairs in milliseconds (or bytes).
 */

import { chromium } from '@playwright/test';

const config = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: config.chromium,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--enable-precise-memory-info',
    '--js-flags=--expose-gc'
  ]
});

/** A page with JupyterLab ready. */
async function lab(url) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 }
  });
  const page = await context.newPage();
  await page.goto(`${url}/lab?reset`);
  await page.waitForFunction(() => window.jupyterapp?.restored);
  await page.evaluate(() => window.jupyterapp.restored);
  return page;
}

/** Milliseconds from asking for a notebook until its first cells are drawn. */
async function open(page, path) {
  return page.evaluate(async path => {
    const start = performance.now();
    const panel = await window.jupyterapp.commands.execute('docmanager:open', {
      path
    });
    await panel.context.ready;
    await panel.revealed;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
  }, path);
}

/** Wait until the kernel of the current notebook is idle. */
async function idle(page) {
  await page.waitForFunction(
    () =>
      window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel
        ?.status === 'idle',
    null,
    { timeout: 60000 }
  );
}

/** Close the current notebook and end its kernel. */
async function close(page) {
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.sessionContext.shutdown().catch(() => undefined);
    await panel.context.revert().catch(() => undefined);
    panel.dispose();
  });
}

/** Milliseconds of running the first cell, several times. */
async function run(page, times) {
  return page.evaluate(async times => {
    const { commands, shell } = window.jupyterapp;
    shell.currentWidget.content.activeCellIndex = 0;
    const found = [];
    for (let turn = 0; turn < times; turn++) {
      const start = performance.now();
      await commands.execute('notebook:run-cell');
      found.push(performance.now() - start);
    }
    return found;
  }, times);
}

/** Milliseconds from a key to the frame after it, several times. */
async function type(page, times) {
  return page.evaluate(async times => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = 0;
    content.mode = 'edit';
    const found = [];
    for (let turn = 0; turn < times; turn++) {
      const start = performance.now();
      content.activeCell.editor.replaceSelection('x');
      await new Promise(requestAnimationFrame);
      await new Promise(resolve => setTimeout(resolve));
      found.push(performance.now() - start);
    }
    return found;
  }, times);
}

/** Bytes of the heap after a collection. */
async function heap(page) {
  return page.evaluate(async () => {
    for (let turn = 0; turn < 5; turn++) {
      window.gc();
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    return performance.memory.usedJSHeapSize;
  });
}

const median = list => [...list].sort((a, b) => a - b)[list.length >> 1];

/** One round on one server. */
async function round(url) {
  const page = await lab(url);
  const sample = {};
  sample.open = await open(page, config.big);
  await idle(page);
  await run(page, 3);
  sample.run = median(await run(page, 15));
  sample.type = median(await type(page, 60));
  await close(page);
  await page.context().close();
  return sample;
}

/** Growth of the heap by opening and closing many notebooks. */
async function growth(url, times) {
  const page = await lab(url);
  for (let turn = 0; turn < 5; turn++) {
    await open(page, config.small);
    await idle(page);
    await close(page);
  }
  const before = await heap(page);
  for (let turn = 0; turn < times; turn++) {
    await open(page, config.small);
    await idle(page);
    await close(page);
  }
  const after = await heap(page);
  await page.context().close();
  return after - before;
}

/** Milliseconds of the longest tasks of the page's main thread meanwhile, per turn. */
async function tasks(page, turns, act) {
  const longest = [];
  for (let turn = 0; turn < turns; turn++) {
    await browser.startTracing(page, {
      categories: ['disabled-by-default-devtools.timeline', '__metadata']
    });
    await act(turn);
    const trace = JSON.parse((await browser.stopTracing()).toString());
    const renderers = new Set(
      trace.traceEvents
        .filter(
          ({ name, args }) =>
            name === 'thread_name' && args.name === 'CrRendererMain'
        )
        .map(({ pid, tid }) => `${pid} ${tid}`)
    );
    const found = trace.traceEvents
      .filter(
        ({ name, dur, pid, tid }) =>
          name === 'RunTask' && dur && renderers.has(`${pid} ${tid}`)
      )
      .map(({ dur }) => dur / 1000);
    if (!found.length) {
      throw new Error('the trace has no tasks');
    }
    longest.push(Math.max(...found));
  }
  return longest;
}

/** A very large notebook: the panel's first paint, an update, and a run. */
async function panel(which) {
  const page = await lab(config.servers[which]);
  await open(page, config.huge);
  await idle(page);
  await page.waitForTimeout(2000);
  const sample = {};
  if (which === 'on') {
    sample.paint = await page.evaluate(async () => {
      const start = performance.now();
      await window.jupyterapp.commands.execute('nbrewind:open');
      const node = document.getElementById('jp-rewind-panel');
      while (!node.querySelector('[role="treeitem"]')) {
        if (performance.now() - start > 20000) {
          throw new Error('the panel shows no cells');
        }
        await new Promise(requestAnimationFrame);
      }
      await new Promise(requestAnimationFrame);
      return performance.now() - start;
    });
  }
  await run(page, 3);
  await page.waitForTimeout(1000);
  // One update: a text has changed, so states are asked for and shown.
  const updates = await tasks(page, 5, async turn => {
    await page.evaluate(turn => {
      const { model } = window.jupyterapp.shell.currentWidget.content;
      model.cells.get(0).sharedModel.setSource(`x0 = ${turn % 2 ? 1 : 2}`);
    }, turn);
    await page.waitForTimeout(1500);
  });
  sample.update = median(updates);
  const runs = await tasks(page, 5, async () => {
    await run(page, 1);
    await page.waitForTimeout(1500);
  });
  sample.task = median(runs);
  await close(page);
  await page.context().close();
  return sample;
}

const names = ['open', 'run', 'type'];
const samples = Object.fromEntries(names.map(name => [name, []]));
for (let turn = 0; turn < config.rounds; turn++) {
  const order = turn % 2 ? ['off', 'on'] : ['on', 'off'];
  const found = {};
  for (const which of order) {
    found[which] = await round(config.servers[which]);
  }
  for (const name of names) {
    samples[name].push([found.on[name], found.off[name]]);
  }
  process.stderr.write(`round ${turn + 1} of ${config.rounds}\n`);
}
samples.growth = [
  [
    await growth(config.servers.on, config.notebooks),
    await growth(config.servers.off, config.notebooks)
  ]
];
samples.panel = [];
for (let turn = 0; turn < 3; turn++) {
  samples.panel.push([await panel('on'), await panel('off')]);
}
console.log(JSON.stringify(samples));
await browser.close();
