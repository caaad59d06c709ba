import { NotebookModel } from '@jupyterlab/notebook';

import { isPinned, setPinned } from '../policy';

describe('setPinned', () => {
  let notebook: NotebookModel;

  beforeEach(() => {
    notebook = new NotebookModel();
    notebook.fromJSON({
      cells: [
        {
          cell_type: 'code',
          id: 'a',
          source: '1',
          metadata: { tags: ['t'] },
          outputs: [],
          execution_count: null
        }
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5
    });
    notebook.sharedModel.clearUndoHistory();
  });

  afterEach(() => notebook.dispose());

  const metadata = () => notebook.cells.get(0).sharedModel.getMetadata();

  it('writes the policy and nothing else', () => {
    const cell = notebook.cells.get(0);
    expect(isPinned(cell)).toBe(false);
    setPinned(notebook, cell, true);
    expect(isPinned(cell)).toBe(true);
    expect(metadata()).toEqual({
      tags: ['t'],
      nbrewind: { policy: 'pinned' }
    });
  });

  it('leaves nothing behind', () => {
    const cell = notebook.cells.get(0);
    setPinned(notebook, cell, true);
    setPinned(notebook, cell, false);
    expect(metadata()).toEqual({ tags: ['t'] });
  });

  it('is one step that can be undone and redone', () => {
    const cell = notebook.cells.get(0);
    setPinned(notebook, cell, true);
    notebook.sharedModel.undo();
    expect(isPinned(cell)).toBe(false);
    notebook.sharedModel.redo();
    expect(isPinned(cell)).toBe(true);
  });

  it('keeps what others wrote under the same key', () => {
    const cell = notebook.cells.get(0);
    cell.setMetadata('nbrewind', { note: 'mine' });
    setPinned(notebook, cell, true);
    setPinned(notebook, cell, false);
    expect(metadata()).toEqual({ tags: ['t'], nbrewind: { note: 'mine' } });
  });

  it('does nothing where nothing is to be done', () => {
    setPinned(notebook, notebook.cells.get(0), false);
    expect(notebook.sharedModel.canUndo()).toBe(false);
  });
});
