import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { openNotebook } from '../repeat';

const trans = nullTranslator.load('jupyterlab_nbrewind');

/** Let the browser say whether a page may open by itself. */
function activate(isActive: boolean): void {
  Object.defineProperty(navigator, 'userActivation', {
    configurable: true,
    value: { isActive, hasBeenActive: true }
  });
}

describe('opening a notebook', () => {
  const commands = new CommandRegistry();
  let opened: unknown[] = [];
  let isHere = false;

  commands.addCommand('docmanager:open', {
    execute: ({ path }) => {
      opened.push(path);
      return { isDisposed: !isHere };
    }
  });

  beforeEach(() => {
    opened = [];
    isHere = false;
    Notification.dismiss();
  });

  it('asks for a click where a page may not open by itself', async () => {
    activate(false);
    expect(await openNotebook('a.ipynb', { commands, trans })).toBe(false);
    const [notice] = Notification.manager.notifications;
    expect(notice?.message).toBe(
      'The browser may have kept the page of a.ipynb from opening.'
    );
    notice?.options.actions?.[0]?.callback(new MouseEvent('click'));
    expect(opened).toEqual(['a.ipynb', 'a.ipynb']);
  });

  it('says nothing where it may, or where the notebook is in this page', async () => {
    activate(true);
    expect(await openNotebook('a.ipynb', { commands, trans })).toBe(false);
    activate(false);
    isHere = true;
    expect(await openNotebook('a.ipynb', { commands, trans })).toBe(true);
    expect(Notification.manager.count).toBe(0);
  });
});
