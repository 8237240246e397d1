import { hashJson } from '../core/hash.ts';
import type { CellEdge, CellGenotype } from './cell-genotype.ts';

/** All orders of 0…n−1. */
const permutations = (n: number): readonly (readonly number[])[] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((rest) =>
        Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
      );

/** States that reach the output: the concatenated ones and, backwards, what they read through a real edge. */
const liveStates = (edges: readonly CellEdge[], concat: readonly number[]): ReadonlySet<number> => {
  const live = new Set(concat);
  for (let node = edges.length / 2 - 1; node >= 0; node--)
    if (live.has(node + 2))
      for (const [operation, input] of edges.slice(2 * node, 2 * node + 2))
        if (operation !== 'none') live.add(input);
  return live;
};

/**
 * The least text over all orders of the nodes that keep edges pointing forwards. The order of a node's two
 * edges does not matter (they are summed), nor that of the concatenation (it permutes channels), nor the
 * input of a `none` edge (its value is zero), nor nodes that reach no output. Two cells have the same text
 * exactly if they are isomorphic in that sense. Work: n! · n for n nodes (n ≤ 7 in practice).
 */
export const canonicalCell = (edges: readonly CellEdge[], concat: readonly number[]): string => {
  const live = liveStates(edges, concat);
  const nodes = Array.from({ length: edges.length / 2 }, (_, i) => i).filter((i) => live.has(i + 2));
  let best: string | undefined;
  for (const order of permutations(nodes.length)) {
    const renamed = new Map<number, number>([
      [0, 0],
      [1, 1],
    ]);
    order.forEach((at, position) => renamed.set((nodes[at] as number) + 2, position + 2));
    const lines: string[] = [];
    const forwards = order.every((at, position) => {
      const node = nodes[at] as number;
      const inputs = edges.slice(2 * node, 2 * node + 2).map(([operation, input]) => {
        const state = operation === 'none' ? 0 : (renamed.get(input) as number);
        return { state, text: `${operation}<${state}` };
      });
      lines.push(
        inputs
          .map(({ text }) => text)
          .sort()
          .join('+'),
      );
      return inputs.every(({ state }) => state < position + 2);
    });
    if (!forwards) continue;
    const output = concat.map((state) => renamed.get(state) as number).sort((a, b) => a - b);
    const text = `${lines.join(';')}>${output.join(',')}`;
    if (best === undefined || text < best) best = text;
  }
  return best ?? `>${[...concat].sort((a, b) => a - b).join(',')}`;
};

/** SHA-256 that two genotypes share exactly if both their cells are isomorphic (see `canonicalCell`). */
export const hashCellGenotype = (genotype: CellGenotype): string =>
  hashJson([
    canonicalCell(genotype.normal, genotype.normalConcat),
    canonicalCell(genotype.reduce, genotype.reduceConcat),
  ]);
