import type { LabelledDag } from './labelled-dag.ts';

/** Vertices and edges of a depth that tell it apart; more count as that many. */
const MOST_VERTICES = 4;
const MOST_EDGES = 8;

const share = (count: number, most: number): number => Math.min(1, count / most);

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Length of the longest path from the first vertex to each; every other vertex must read an earlier one. */
const depthsOf = ({ sources }: LabelledDag): readonly number[] => {
  const depths: number[] = [];
  for (const from of sources)
    depths.push(from.length === 0 ? 0 : 1 + Math.max(...from.map((v) => depths[v] as number)));
  return depths;
};

/**
 * Where in a graph its operations are, whatever the order of its vertices: at each depth from 1 to `deepest`
 * how many inner vertices have each of the labels, how many edges lead into them and out of them, and the sum
 * of their weights; then the edges out of the input and into the output. Entries in [0, 1].
 *
 * @param weights of each vertex; their sum over a depth counts as 1 at most.
 */
export const depthProfile = (
  dag: LabelledDag,
  labels: readonly string[],
  deepest: number,
  weights: readonly number[] = [],
): readonly number[] => {
  const depths = depthsOf(dag);
  const output = dag.labels.length - 1;
  const into = dag.sources.map((from) => from.length);
  const outOf = dag.sources.map((_, v) =>
    sumOf(dag.sources.map((from) => from.filter((source) => source === v).length)),
  );
  return [
    ...Array.from({ length: deepest }, (_, d) => {
      const here = dag.labels.flatMap((_label, v) => (v < output && depths[v] === d + 1 ? [v] : []));
      const edges = (counts: readonly number[]): number =>
        share(sumOf(here.map((v) => counts[v] as number)), MOST_EDGES);
      return [
        ...labels.map((label) => share(here.filter((v) => dag.labels[v] === label).length, MOST_VERTICES)),
        edges(into),
        edges(outOf),
        ...(weights.length === 0 ? [] : [share(sumOf(here.map((v) => weights[v] as number)), 1)]),
      ];
    }).flat(),
    share(outOf[0] as number, MOST_EDGES),
    share(into[output] as number, MOST_EDGES),
  ];
};
