import { PRIMITIVES, type CellEdge, type CellGenotype } from './cell-genotype.ts';
import { NODE_OFFSETS, STEPS } from './darts-cnn.ts';

/** One row an edge of the supernet's cell (14), one column a primitive (8). */
export type EdgeScores = readonly (readonly number[])[];

const CONCAT = [2, 3, 4, 5];

/** The strongest operation of an edge but `none`; equal ones keep the order of `PRIMITIVES`. */
const strongest = (scores: readonly number[]): { readonly primitive: number; readonly score: number } => {
  let primitive = 1;
  for (let k = 2; k < PRIMITIVES.length; k++)
    if ((scores[k] as number) > (scores[primitive] as number)) primitive = k;
  return { primitive, score: scores[primitive] as number };
};

const deriveCell = (edges: EdgeScores): CellEdge[] =>
  Array.from({ length: STEPS }, (_, node) =>
    Array.from({ length: node + 2 }, (_, input) => ({
      input,
      ...strongest(edges[(NODE_OFFSETS[node] as number) + input] as readonly number[]),
    }))
      .sort((a, b) => b.score - a.score || a.input - b.input)
      .slice(0, 2)
      .map(({ primitive, input }): CellEdge => [PRIMITIVES[primitive] as CellEdge[0], input]),
  ).flat();

/**
 * The discrete cells of a mixture (Liu et al. 2019, §2.4): each node keeps the two edges whose strongest
 * operation other than `none` weighs most, strongest first; ties go to the earlier input.
 */
export const deriveGenotype = (weights: {
  readonly normal: EdgeScores;
  readonly reduce: EdgeScores;
}): CellGenotype => ({
  normal: deriveCell(weights.normal),
  normalConcat: CONCAT,
  reduce: deriveCell(weights.reduce),
  reduceConcat: CONCAT,
});
