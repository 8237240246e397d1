import { sourcesOf } from '../../space/layer-graph.ts';
import type { LayerGraph } from '../../space/layer-graph.ts';
import { transportCost } from './transport.ts';

/** Weight of the skip connections' distance (λ of eq. 4). */
const SKIP_WEIGHT = 1;

type Skip = { readonly from: number; readonly span: number };
interface MorphismProfile {
  /** Widths in topological order; a layer's label is part of what must be edited. */
  readonly layers: LayerGraph['layers'];
  readonly skips: readonly Skip[];
}

/** Layers, and the edges that jump over at least one layer. */
export const morphismProfile = (graph: LayerGraph): MorphismProfile => ({
  layers: graph.layers,
  skips: sourcesOf(graph).flatMap((sources, to) =>
    sources.filter((from) => to - from > 1).map((from) => ({ from, span: to - from })),
  ),
});

/** d_l of eq. 5: relative difference in width, and one where the label has to change. */
const layerDistance = (a: LayerGraph['layers'][number], b: LayerGraph['layers'][number]): number =>
  a.label === b.label ? Math.abs(a.units - b.units) / Math.max(a.units, b.units) : 1;

/**
 * D_l: least cost of an order-keeping matching, unmatched layers costing one each (dynamic programme of
 * §3.1).
 */
const layersDistance = (a: LayerGraph['layers'], b: LayerGraph['layers']): number => {
  let row = b.map((_, j) => j + 1);
  row.unshift(0);
  a.forEach((layer, i) => {
    const next = [i + 1];
    b.forEach((other, j) =>
      next.push(
        Math.min(
          (row[j + 1] as number) + 1,
          (next[j] as number) + 1,
          (row[j] as number) + layerDistance(layer, other),
        ),
      ),
    );
    row = next;
  });
  return row[b.length] as number;
};

/** d_s of eq. 7: relative difference in start and span. */
const skipDistance = (a: Skip, b: Skip): number =>
  (Math.abs(a.from - b.from) + Math.abs(a.span - b.span)) /
  (Math.max(a.from, b.from) + Math.max(a.span, b.span));

/** D_s: an assignment of the skip connections, unmatched ones costing one each. */
const skipsDistance = (a: readonly Skip[], b: readonly Skip[]): number => {
  const size = Math.max(a.length, b.length);
  if (size === 0) return 0;
  const ones = new Array<number>(size).fill(1);
  const cost = ones.map((_, i) =>
    ones.map((_one, j) => {
      const [left, right] = [a[i], b[j]];
      return left === undefined || right === undefined ? 1 : skipDistance(left, right);
    }),
  );
  return transportCost(ones, ones, cost);
};

/** Edit distance of two networks for the morphism kernel (Jin, Song & Hu 2019, §3.1, eq. 4). */
export const morphismDistance = (a: MorphismProfile, b: MorphismProfile): number =>
  layersDistance(a.layers, b.layers) + SKIP_WEIGHT * skipsDistance(a.skips, b.skips);
