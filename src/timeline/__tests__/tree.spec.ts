import type { ICheckpoint, IHistory } from '../../api/types';
import {
  assignLanes,
  type ICheckpointRow,
  layoutTree,
  MOST_LANES
} from '../tree';

function checkpoint(
  id: string,
  parent: string | null,
  more: Partial<ICheckpoint> = {}
): ICheckpoint {
  return {
    id,
    parent,
    session: 's',
    cell: `cell ${id}`,
    run: `run ${id}`,
    action: 'run',
    time: '2026-11-25T12:00:00Z',
    label: '',
    keep: false,
    saved: true,
    lost: '',
    evicted: '',
    bytes: 0,
    seconds: 0,
    status: 'ok',
    written: [],
    removed: [],
    source: '',
    title: '',
    ...more
  };
}

function history(checkpoints: ICheckpoint[]): IHistory {
  return { sequence: 1, heads: [], checkpoints };
}

/** A generator that gives the same numbers each time. */
function numbers(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** A tree: mostly runs in order, at times a rewind, at times a new kernel. */
function randomTree(seed: number, count: number): ICheckpoint[] {
  const random = numbers(seed);
  const tree: ICheckpoint[] = [];
  for (let place = 0; place < count; place++) {
    const dice = random();
    const parent =
      place === 0 || dice < 0.05
        ? null
        : dice < 0.3
          ? `${Math.floor(random() * place)}`
          : `${place - 1}`;
    tree.push(checkpoint(`${place}`, parent));
  }
  return tree;
}

const SEEDS = Array.from({ length: 15 }, (_, seed) => seed);

describe('assignLanes', () => {
  it('keeps a line of runs in one lane', () => {
    const tree = [checkpoint('a', null), checkpoint('b', 'a')];
    expect(assignLanes(tree)).toEqual([0, 0]);
  });

  it('puts what ran after a rewind into a lane of its own', () => {
    const tree = [
      checkpoint('a', null),
      checkpoint('b', 'a'),
      checkpoint('c', 'a'),
      checkpoint('d', 'c')
    ];
    expect(assignLanes(tree)).toEqual([0, 0, 1, 1]);
  });

  it.each(SEEDS)(
    'leaves the lane of each line free between its ends (%i)',
    seed => {
      const tree = randomTree(seed, 80);
      const lanes = assignLanes(tree);
      tree.forEach((child, place) => {
        const parent = tree.findIndex(other => other.id === child.parent);
        for (let between = parent + 1; parent >= 0 && between < place;) {
          expect(lanes[between]).not.toBe(lanes[place]);
          between++;
        }
      });
    }
  );

  it.each(SEEDS)('moves no lane when a checkpoint is added (%i)', seed => {
    const tree = randomTree(seed, 80);
    const lanes = assignLanes(tree);
    for (let count = 1; count < tree.length; count++) {
      expect(assignLanes(tree.slice(0, count))).toEqual(lanes.slice(0, count));
    }
  });
});

describe('layoutTree', () => {
  function nodes(checkpoints: ICheckpoint[]): ICheckpointRow[] {
    return layoutTree(history(checkpoints)).rows.filter(
      row => row.kind === 'checkpoint'
    );
  }

  it('is empty for an empty history', () => {
    expect(layoutTree(history([]))).toEqual({ rows: [], lanes: 0 });
  });

  it('shows the newest first, with heads', () => {
    const rows = layoutTree({
      sequence: 1,
      heads: [{ session: 's', checkpoint: 'a' }],
      checkpoints: [checkpoint('a', null), checkpoint('b', 'a')]
    }).rows;
    expect(
      rows.map(row => (row.kind === 'heading' ? 'heading' : row.checkpoint.id))
    ).toEqual(['heading', 'b', 'a']);
    expect(nodes([checkpoint('a', null)])[0]?.heads).toEqual([]);
    expect((rows[2] as ICheckpointRow).heads).toEqual(['s']);
  });

  it('has a heading wherever session or day change', () => {
    const { rows } = layoutTree(
      history([
        checkpoint('a', null, { time: '2026-11-20T12:00:00Z' }),
        checkpoint('b', 'a', { time: '2026-11-23T12:00:00Z' }),
        checkpoint('c', null, {
          time: '2026-11-23T12:01:00Z',
          session: 't'
        }),
        checkpoint('d', 'c', {
          time: '2026-11-23T12:02:00Z',
          session: 't'
        }),
        checkpoint('e', 'b', { time: '2026-11-23T12:03:00Z' })
      ])
    );
    expect(rows.map(row => row.kind.charAt(0)).join('')).toBe('hchcchchc');
    const keys = rows.flatMap(row => (row.kind === 'heading' ? [row.key] : []));
    expect(new Set(keys).size).toBe(4);
    expect(rows[2]).toMatchObject({
      kind: 'heading',
      since: '2026-11-23T12:01:00Z'
    });
  });

  it.each(SEEDS)(
    'joins every child to its parent through all rows between (%i)',
    seed => {
      const tree = randomTree(seed, 40);
      const rows = nodes(tree);
      rows.forEach((row, at) => {
        const parent = rows.findIndex(
          other => other.checkpoint.id === row.checkpoint.parent
        );
        expect(row.hasParent).toBe(parent >= 0);
        for (let between = at + 1; between < parent; between++) {
          expect(rows[between]?.through).toContain(row.lane);
        }
        if (parent >= 0) {
          expect(rows[parent]?.children).toContain(row.lane);
        }
      });
    }
  );

  it('names the headings of older rows as before', () => {
    const tree = randomTree(1, 60).map((row, place) => ({
      ...row,
      session: `${Math.floor(place / 7) % 3}`
    }));
    const keys = (count: number): string[] =>
      layoutTree(history(tree.slice(0, count)))
        .rows.flatMap(row => (row.kind === 'heading' ? [row.key] : []))
        .reverse();
    const all = keys(60);
    for (let count = 1; count < 60; count++) {
      const some = keys(count);
      expect(some).toEqual(all.slice(0, some.length));
    }
  });

  it('does not draw more lanes than fit', () => {
    const tree = [checkpoint('0', null)];
    for (let place = 1; place < 50; place++) {
      tree.push(checkpoint(`${place}`, '0'));
    }
    expect(layoutTree(history(tree)).lanes).toBe(MOST_LANES);
    expect(Math.max(...nodes(tree).map(row => row.lane))).toBe(MOST_LANES - 1);
  });
});
