import type { LabelledDag } from './labelled-dag.ts';
import { liveMotifs, nodesOf } from './motif-liveness.ts';

/**
 * What a hierarchy of motifs computes, without the hierarchy: a vertex for each operation that does anything
 * and for each node that merges several inputs. Identities, nodes of one input, and what is not live leave no
 * vertex.
 *
 * @param motifs of each level, the lowest first; the last level's only motif is the network's cell.
 * @param primitives operations of the lowest level: none, then the identity, then the others.
 */
export const motifGraph = (
  motifs: readonly (readonly (readonly number[])[])[],
  primitives: readonly string[],
): LabelledDag => {
  const live = liveMotifs(motifs, primitives.length);
  const labels = ['input'];
  const sources: (readonly number[])[] = [[]];
  const vertex = (label: string, from: readonly number[]): number => {
    sources.push(from);
    return labels.push(label) - 1;
  };
  /**
   * The vertex that brings what the operation of that number, of level `level`, makes of the vertex `from`.
   */
  const applied = (level: number, operation: number, from: number): number => {
    if (level < 0) return operation === 1 ? from : vertex(primitives[operation] as string, [from]);
    const edges = motifs[level]?.[operation - 1] as readonly number[];
    const isLive = live[level]?.[operation - 1] as readonly boolean[];
    const states: (number | undefined)[] = [from];
    for (let j = 1, at = 0; j < nodesOf(edges.length); j++) {
      const inputs: number[] = [];
      for (let i = 0; i < j; i++, at++)
        if (isLive[at] === true) inputs.push(applied(level - 1, edges[at] as number, states[i] as number));
      states.push(inputs.length > 1 ? vertex('merge', inputs) : inputs[0]);
    }
    return states.at(-1) as number;
  };
  vertex('output', [applied(motifs.length - 1, 1, 0)]);
  return { labels, sources };
};
