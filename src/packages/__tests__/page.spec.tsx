import {
  RenderMimeRegistry,
  standardRendererFactories
} from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { IPackage } from '../../api/types';
import { PackageBody } from '../body';
import { fenced } from '../cells';
import { PackageModel } from '../model';
import { cell, FakeServer, facts, job, settle } from './fakes';

declare const globalThis: { IS_REACT_ACT_ENVIRONMENT: boolean };

const trans = nullTranslator.load('jupyterlab_nbrewind');

let server: FakeServer;
let model: PackageModel;
let actions: { open: jest.Mock; trust: jest.Mock; repeat: jest.Mock };

beforeEach(() => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  // Nothing is out of sight.
  Reflect.deleteProperty(window, 'IntersectionObserver');
  server = new FakeServer();
  model = new PackageModel({ ...server.options, path: () => 'a.zip', trans });
  actions = {
    open: jest.fn(async () => undefined),
    trust: jest.fn(async () => undefined),
    repeat: jest.fn(async () => undefined)
  };
});

afterEach(() => model.dispose());

/** Show the page of a package. */
async function show(more: Partial<IPackage> = {}): Promise<void> {
  server.inspected = async () => facts(more);
  const rendermime = new RenderMimeRegistry({
    initialFactories: standardRendererFactories
  });
  render(
    <PackageBody
      actions={actions}
      model={model}
      rendermime={rendermime}
      trans={trans}
    />
  );
  await act(async () => {
    await model.refresh();
    await settle(50);
  });
}

describe('the page', () => {
  it('shows an untrusted package, and repeats nothing of it', async () => {
    await show({
      cells: [
        cell(0, { answers: false, reason: 'nothing is recorded of it' }),
        cell(1, { writes: ['total'] }),
        cell(2, { kind: 'markdown', source: '# About it' })
      ]
    });
    expect(screen.getByText('Not trusted.')).toBeTruthy();
    expect(screen.getByText('Nobody has signed it.')).toBeTruthy();
    expect(screen.getByText(/^1 of 2 code cells are answered/)).toBeTruthy();
    expect(screen.getByText('runs: nothing is recorded of it')).toBeTruthy();
    expect(screen.getByText('answered by its record').title).toBe(
      'makes total'
    );
    expect(screen.getByText(/All of it was checked/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Repeat…' }));
    expect(actions.repeat).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    fireEvent.click(screen.getByRole('button', { name: 'Trust…' }));
    expect(actions.open).toHaveBeenCalledWith(model);
    expect(actions.trust).toHaveBeenCalledWith(model);
  });

  it('renders outputs as untrusted', async () => {
    const html =
      '<b>bold</b><script>window.fired = 1</script><img src=x onerror=fire()>';
    await show({
      cells: [
        cell(0, {
          outputs: [
            {
              output_type: 'display_data',
              data: { 'text/html': html },
              metadata: {}
            }
          ] as never
        })
      ]
    });
    const bold = await screen.findByText('bold');
    const output = bold.parentElement!;
    expect(output.querySelector('script')).toBeNull();
    expect(output.innerHTML).not.toContain('onerror');
  });

  it('repeats a trusted package', async () => {
    await show({ trust: 'trusted', imported: 'a/one.ipynb' });
    expect(screen.queryByRole('button', { name: 'Trust…' })).toBeNull();
    expect(screen.getByText(/Its notebook is in a\/one.ipynb/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Repeat…' }));
    expect(actions.repeat).toHaveBeenCalledWith(model);
  });

  it('says one clear thing of a package that does not hold', async () => {
    server.jobs = [
      job({
        kind: 'verify',
        state: 'failed',
        why: 'package',
        reason: 'a.zip is no package that can be used: it is forged'
      })
    ];
    await show();
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('it is forged.');
    expect(screen.queryByRole('button', { name: 'Open' })).toBeNull();
    expect(screen.queryByText('Notebook')).toBeNull();
    server.jobs = [job({ state: 'done' })];
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Look Again' }));
      await settle(50);
    });
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says why it can’t be looked at', async () => {
    server.inspected = () => Promise.reject(new Error('no such file'));
    render(
      <PackageBody
        actions={actions}
        model={model}
        rendermime={new RenderMimeRegistry()}
        trans={trans}
      />
    );
    await act(() => model.refresh());
    expect(screen.getByRole('alert').textContent).toContain('No such file.');
  });
});

describe('the model', () => {
  it('looks again once it is trusted', async () => {
    await model.refresh();
    server.inspected = async () => facts({ trust: 'trusted' });
    expect(await model.trust()).toBe(true);
    expect(model.facts!.trust).toBe('trusted');
    // It is the same package: it was checked.
    expect(server.asked).toEqual(['verify', 'trust']);
  });

  it('returns where the notebook is, or why it is nowhere', async () => {
    await model.refresh();
    const imported = {
      id: 'a',
      trust: 'untrusted' as const,
      notebook: 'a/one.ipynb',
      files: 1,
      answers: false,
      missing: []
    };
    server.jobs = [job({ state: 'done', imported })];
    expect(await model.import()).toBe('a/one.ipynb');
    server.jobs = [job({ state: 'failed', reason: 'no room is left' })];
    await expect(model.import()).rejects.toThrow('No room is left.');
    expect(model.work).toBeNull();
  });

  it('takes only the newest answer', async () => {
    let answer = (_: IPackage): void => undefined;
    server.inspected = () => new Promise(resolve => (answer = resolve));
    const first = model.refresh();
    const older = answer;
    const second = model.refresh();
    answer(facts({ notebook: 'new.ipynb' }));
    await second;
    older(facts({ notebook: 'old.ipynb' }));
    await first;
    expect(model.facts!.notebook).toBe('new.ipynb');
  });
});

describe('fenced', () => {
  it('is not ended by the code itself', () => {
    expect(fenced('a', 'python')).toBe('```python\na\n```');
    expect(fenced('"""\n````\n"""', 'python')).toMatch(/^`{5}python\n/);
    expect(fenced('a', '"><script>')).toBe('```\na\n```');
  });
});
