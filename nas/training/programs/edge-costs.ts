import { countMultiplyAdds, countParameters } from '../layers/counting.ts';
import type { ImageShape } from '../layers/layers.ts';
import { describeNetwork } from '../layers/shape-layers.ts';
import type { Supernet } from '../supernets/supernet.ts';

const elements = (shape: ImageShape): number => shape.reduce((size, n) => size * n, 1);

/**
 * What each operation on each edge costs, summed over the cells of a kind, row-major [edges, operations]: its parameters, multiply-adds and
 * memory accesses (elements read and written, weights included), the three measures of Xie et al. 2019, §2.4. An
 * operation that does nothing (zero, the identity) costs nothing.
 */
export const edgeCosts = (supernet: Supernet): Readonly<Record<string, Float32Array>> => {
  const { operations } = supernet;
  const costs = Object.fromEntries(
    Object.entries(supernet.kinds).map(([kind, edges]) => [
      kind,
      new Float32Array(edges * operations.length),
    ]),
  );
  describeNetwork(supernet.image, (layers, x) =>
    supernet.network(layers, x, (state, edge) => {
      const kind = costs[edge.kind] as Float32Array;
      return operations.map((_, column) => {
        let output = state;
        const alone = describeNetwork(state, (inner, y) => {
          output = supernet.candidate(inner, y, column, edge);
        });
        const free = column === 0 || output === state;
        const parameters = countParameters(alone);
        const accesses = free ? 0 : elements(state) + elements(output) + parameters;
        const at = edge.row * operations.length + column;
        kind[at] = (kind[at] as number) + parameters + countMultiplyAdds(alone) + accesses;
        return output;
      });
    }),
  );
  return costs;
};
