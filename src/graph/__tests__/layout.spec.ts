import { type IArc, type ILayout, layoutGraph, MOST_LANES } from '../layout';
import { relativesOf } from '../relatives';

/** A generator of numbers in [0, 1) that gives the same ones each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Many graphs of different sizes and densities. */
function graphs(): { count: number; arcs: IArc[] }[] {
  return Array.from({ length: 400 }, (_, seed) => {
    const next = random(seed + 1);
    const count = 1 + Math.floor(next() * 30);
    const reach = 1 + Math.floor(next() * count);
    const arcs = Array.from({ length: Math.floor(next() * 60) }, () => {
      const from = Math.floor(next() * count);
      const to = from + Math.floor((next() * 1.1 - 0.1) * reach);
      return { from, to };
    });
    return { count, arcs: arcs.filter(({ to }) => to >= 0 && to < count) };
  });
}

/** What can be compared of rows, for their strands may grow. */
function shapes(layout: ILayout, count: number): string[] {
  return layout.rows.slice(0, count).map(row =>
    row
      .filter(segment => segment.strand)
      .map(({ lane, strand }) => `${strand!.from} in ${lane}`)
      .sort()
      .join()
  );
}

describe('layoutGraph', () => {
  it('draws each arc from its producer to its reader, in one lane', () => {
    for (const { arcs, count } of graphs()) {
      const { rows } = layoutGraph(count, arcs);
      for (const { from, to } of arcs) {
        if (from === to) {
          continue;
        }
        const strands = rows[to]!.filter(
          ({ isAtNode, strand }) =>
            isAtNode && strand?.from === from && strand.to.includes(to)
        );
        expect(strands).toHaveLength(1);
        const { lane } = strands[0]!;
        for (let row = Math.min(from, to); row <= Math.max(from, to); row++) {
          expect(rows[row]!.some(segment => segment.lane === lane)).toBe(true);
        }
      }
    }
  });

  it('lays no arc over the node of another row', () => {
    for (const { arcs, count } of graphs()) {
      const { rows } = layoutGraph(count, arcs);
      for (const row of rows) {
        for (const { isAtNode, isFromAbove, isToBelow, lane } of row) {
          // Lane 0 has the nodes: what is in it only begins or ends there.
          expect(lane > 0 || (isAtNode && isFromAbove !== isToBelow)).toBe(
            true
          );
        }
      }
    }
  });

  it('shares no lane between producers, but for the last one', () => {
    for (const { arcs, count } of graphs()) {
      for (const row of layoutGraph(count, arcs).rows) {
        for (let lane = 1; lane < MOST_LANES - 1; lane++) {
          const inside = row.filter(segment => segment.lane === lane);
          const down = inside.filter(({ isToBelow }) => isToBelow);
          const up = inside.filter(({ isFromAbove }) => isFromAbove);
          expect(Math.max(down.length, up.length)).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it('moves no earlier lane when a row is appended', () => {
    for (const { arcs, count } of graphs()) {
      const earlier = arcs.filter(
        ({ from, to }) => from < count - 1 && to < count - 1
      );
      const before = layoutGraph(count - 1, earlier);
      const after = layoutGraph(count, arcs);
      shapes(before, count - 1).forEach((shape, row) => {
        const there = new Set(shapes(after, count)[row]!.split(','));
        for (const strand of shape ? shape.split(',') : []) {
          expect(there.has(strand)).toBe(true);
        }
      });
    }
  });

  it('never uses more lanes than are drawn', () => {
    const count = 200;
    const arcs = Array.from({ length: count }, (_, from) => ({
      from,
      to: count - 1
    }));
    const { lanes, rows } = layoutGraph(count, arcs);
    expect(lanes).toBe(MOST_LANES);
    expect(Math.max(...rows.map(row => row.length))).toBeLessThan(count + 8);
    // All of them arrive.
    expect(rows[count - 1]!.filter(({ isAtNode }) => isAtNode)).toHaveLength(
      count - 1
    );
  });

  it('takes time in proportion to rows and arcs', () => {
    const size = (count: number): number => {
      const next = random(7);
      const arcs = Array.from({ length: 2 * count }, () => {
        const from = Math.floor(next() * count);
        return { from, to: Math.min(count - 1, from + 1 + (count >> 1)) };
      });
      const { rows } = layoutGraph(count, arcs);
      return rows.reduce((sum, row) => sum + row.length, 0);
    };
    expect(size(8000) / size(1000)).toBeLessThan(12);
  });

  it('gives two readers of one producer one lane', () => {
    const { lanes, rows } = layoutGraph(4, [
      { from: 0, to: 2 },
      { from: 0, to: 3 }
    ]);
    expect(lanes).toBe(2);
    expect(rows.map(row => row.length)).toEqual([1, 1, 1, 1]);
  });

  it('leaves out what is not between two rows', () => {
    const arcs = [
      { from: 0, to: 0 },
      { from: -1, to: 1 },
      { from: 0, to: 9 }
    ];
    expect(layoutGraph(2, arcs)).toEqual({ rows: [[], []], lanes: 1 });
    expect(layoutGraph(0, [])).toEqual({ rows: [], lanes: 0 });
  });
});

describe('relativesOf', () => {
  it('finds what is upstream and downstream, to any depth', () => {
    const edges = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'a', to: 'd' },
      { from: 'e', to: 'c' }
    ];
    const { ancestors, descendants } = relativesOf('b', edges);
    expect([...ancestors]).toEqual(['a']);
    expect([...descendants]).toEqual(['c']);
    expect([...relativesOf('c', edges).ancestors].sort()).toEqual([
      'a',
      'b',
      'e'
    ]);
  });

  it('ends where cells depend on each other', () => {
    const edges = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' }
    ];
    expect([...relativesOf('a', edges).ancestors]).toEqual(['b']);
  });
});
