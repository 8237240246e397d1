/**
 * A text that is equal exactly for isomorphic trees: of state 0, whose label comes first, and the nodes, node
 * i with label i + 1 and the state `reads[i]` that it reads; `outputs` are the states that the cell puts out.
 * States that reach no output say nothing (Aho, Hopcroft & Ullman 1974, §3.2: children in the order of their
 * texts).
 */
export const canonicalTree = (
  labels: readonly string[],
  reads: readonly number[],
  outputs: readonly number[],
): string => {
  const textOf = (state: number): string => {
    const readers = reads.flatMap((read, node) => (read === state ? [textOf(node + 1)] : []));
    const alive = readers.filter((text) => text !== '').sort();
    const isOutput = outputs.includes(state);
    return isOutput || alive.length > 0 ? `${labels[state]}${isOutput ? '*' : ''}(${alive.join()})` : '';
  };
  return textOf(0);
};

/** States that no node reads: what a cell of loose ends puts out. */
export const looseEnds = (reads: readonly number[]): readonly number[] =>
  Array.from({ length: reads.length + 1 }, (_, state) => state).filter((state) => !reads.includes(state));
