import { Dialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, within } from '@testing-library/react';

import { dialogShown } from '../../timeline/__tests__/dialogs';
import { chooseExport } from '../dialog';
import { followExport, type IExportedActions } from '../export';
import { Exporter } from '../exporter';
import { FakeServer, job, PARTS, preview, settle } from './fakes';

declare const globalThis: { IS_REACT_ACT_ENVIRONMENT: boolean };

const trans = nullTranslator.load('jupyterlab_nbrewind');

let server: FakeServer;
let exporter: Exporter;
let saved: number;

beforeEach(() => {
  // Dialogs draw when they like.
  globalThis.IS_REACT_ACT_ENVIRONMENT = false;
  server = new FakeServer();
  server.jobs = [job({ state: 'done', preview: preview() })];
  saved = 0;
  exporter = new Exporter({
    ...server.options,
    path: 'folder/one.ipynb',
    save: async () => {
      saved++;
    },
    trans
  });
  Notification.manager.dismiss();
});

afterEach(() => {
  Dialog.flush();
  exporter.dispose();
});

describe('the dialog', () => {
  it('shows what an export writes before it is written', async () => {
    const wanted = chooseExport(exporter, false, trans);
    const dialog = await dialogShown('Recorded values and files');
    expect(dialog.node.textContent).toContain('3.0 MB');
    expect(dialog.node.textContent).toContain('Nothing was left out.');
    expect(dialog.node.textContent).toContain('No secrets were found.');
    expect([saved, server.asked]).toEqual([1, ['preview full']]);
    dialog.node.querySelector<HTMLElement>('.jp-mod-accept')!.click();
    expect(await wanted).toBe(true);
    await exporter.start().ended;
    expect(server.asked).toEqual([
      'preview full',
      'export full folder/one.nbrewind.zip'
    ]);
  });

  it('lists what is left out, and secrets by their places', async () => {
    const left = { kind: 'content', what: 'large', bytes: 9e6, reason: 'why' };
    server.jobs = [
      job({
        state: 'done',
        preview: preview({
          left_out: Array.from({ length: 10 }, () => left),
          left_out_count: 12,
          secrets: [{ where: 'output of cell 3', kind: 'GitHub token' }],
          secrets_count: 1
        })
      })
    ];
    void chooseExport(exporter, true, trans);
    const dialog = await dialogShown('output of cell 3');
    const found = within(dialog.node);
    expect(dialog.node.textContent).toContain('A cell is still running');
    const list = found.getByRole('list', { name: 'Left out', hidden: true });
    expect(list.children).toHaveLength(8);
    fireEvent.click(
      found.getByRole('button', { name: 'Show All 12', hidden: true })
    );
    await settle();
    expect(list.children).toHaveLength(10);
    expect(dialog.node.textContent).toContain('and 2 more');
    dialog.reject();
  });

  it('asks again for another choice, and only once for each', async () => {
    void chooseExport(exporter, false, trans);
    const dialog = await dialogShown('What it holds');
    const found = within(dialog.node);
    server.jobs = [
      job({ state: 'done', preview: preview({ contents: 'slim' }) })
    ];
    fireEvent.click(found.getByRole('radio', { name: /^Slim/, hidden: true }));
    await settle();
    fireEvent.click(found.getByRole('radio', { name: /^Full/, hidden: true }));
    await settle();
    expect(server.asked).toEqual(['preview full', 'preview slim']);
    dialog.reject();
  });

  it('takes a name beside the notebook, and a key', async () => {
    server.jobs = [
      job({
        state: 'done',
        preview: preview({ keys: [{ name: 'id', fingerprint: 'SHA256:x' }] })
      })
    ];
    const wanted = chooseExport(exporter, false, trans);
    const dialog = await dialogShown('What it holds');
    const field = within(dialog.node).getByLabelText('File name');
    const accept = dialog.node.querySelector<HTMLElement>('.jp-mod-accept')!;
    for (const name of ['../out.zip', 'a/b.zip', '.hidden.zip', 'a.txt', '']) {
      fireEvent.change(field, { target: { value: name } });
      await settle();
      expect(exporter.nameProblem).not.toBe('');
      expect(field.getAttribute('aria-invalid')).toBe('true');
      accept.click();
    }
    fireEvent.change(field, { target: { value: 'sent.zip' } });
    fireEvent.change(dialog.node.querySelector('select')!, {
      target: { value: 'id' }
    });
    await settle();
    accept.click();
    expect(await wanted).toBe(true);
    await exporter.start().ended;
    expect(server.asked[1]).toBe('export full folder/sent.zip id');
  });

  it('writes a notebook with the package in it', async () => {
    const wanted = chooseExport(exporter, false, trans);
    const { node } = await dialogShown('What it holds');
    const one = (selector: string) =>
      node.querySelector<HTMLInputElement>(selector)!;
    const field = () => one('input[type=text]');
    const [, slim, inside] = node.querySelectorAll('input[type=radio]');
    expect(inside!.parentElement!.textContent).toMatch(/^In the notebook/);
    fireEvent.change(field(), { target: { value: 'sent.zip' } });
    fireEvent.click(one('input[type=checkbox]'));
    fireEvent.click(inside!);
    await settle();
    expect(field().value).toBe('one-reproducible.ipynb');
    expect(one('input[type=checkbox]')).toBeNull();
    fireEvent.click(slim!);
    await settle();
    expect(field().value).toBe('one.nbrewind.zip');
    fireEvent.click(inside!);
    await settle();
    fireEvent.change(field(), { target: { value: 'sent.zip' } });
    await settle();
    expect(exporter.nameProblem).toBe('The name must end in .ipynb.');
    fireEvent.change(field(), { target: { value: 'sent.ipynb' } });
    await settle();
    one('.jp-mod-accept').click();
    expect(await wanted).toBe(true);
    await exporter.start().ended;
    expect(server.asked).toEqual([
      'preview full',
      'preview slim',
      'export slim folder/sent.ipynb embed'
    ]);
  });

  it('says how large files for containers are', async () => {
    const wanted = chooseExport(exporter, false, trans);
    const { node } = await dialogShown('What it holds');
    expect(node.textContent).toContain('repeats the notebook (400 kB)');
    fireEvent.click(node.querySelector('input[type=checkbox]')!);
    node.querySelector<HTMLElement>('.jp-mod-accept')!.click();
    expect(await wanted).toBe(true);
    await exporter.start().ended;
    expect(server.asked[1]).toBe(
      'export full folder/one.nbrewind.zip container'
    );
  });

  it('says what to do where nothing is recorded', async () => {
    server.jobs = [job({ state: 'failed', why: 'unknown', reason: 'none' })];
    void chooseExport(exporter, false, trans);
    const dialog = await dialogShown('Run its cells while recording is on');
    expect(
      dialog.node.querySelector('.jp-mod-accept')!.getAttribute('aria-disabled')
    ).toBe('true');
    dialog.reject();
  });
});

describe('an export', () => {
  const done: string[] = [];
  const actions: IExportedActions = {
    download: path => done.push(`download ${path}`),
    show: path => done.push(`show ${path}`),
    open: path => done.push(`open ${path}`)
  };

  /** What the user is told. */
  const told = () => Notification.manager.notifications[0]!;

  it('can be cancelled while it is at work', async () => {
    server.jobs = [job({ doing: 'Writing', share: 0.4 })];
    const result = followExport(exporter.start(), actions, trans);
    await settle();
    expect(told().message).toBe('Writing the package…');
    expect(told().options.progress).toBe(0.4);
    told().options.actions![0]!.callback(new MouseEvent('click'));
    expect(await result).toMatchObject({ cancelled: true, exported: null });
    expect(told().message).toContain('Nothing was written');
  });

  it('is downloaded, shown or opened once it is there', async () => {
    const exported = { ...PARTS, path: 'folder/a.nbrewind.zip', packed: 2e6 };
    server.jobs = [job({ state: 'done', exported })];
    await followExport(exporter.start(), actions, trans);
    expect(told().message).toBe('Exported: a.nbrewind.zip (2.0 MB).');
    for (const action of told().options.actions!) {
      action.callback(new MouseEvent('click'));
    }
    expect(done).toEqual([
      'download folder/a.nbrewind.zip',
      'show folder/a.nbrewind.zip',
      'open folder/a.nbrewind.zip'
    ]);
  });

  it('offers no file browser where there is none', async () => {
    const exported = { ...PARTS, path: 'a.zip', packed: 2e6 };
    server.jobs = [job({ state: 'done', exported })];
    await followExport(exporter.start(), { ...actions, show: null }, trans);
    expect(told().options.actions!.map(({ label }) => label)).toEqual([
      'Download',
      'Open'
    ]);
  });

  it('says why it has failed', async () => {
    server.jobs = [job({ state: 'failed', why: 'store', reason: 'disk full' })];
    const result = await followExport(exporter.start(), actions, trans);
    expect(result.problem).toBe('Disk full.');
    expect(told().message).toBe('Disk full.');
  });
});
