/** Of each level's motifs, which entries of their matrices lie on a path from the first node to the last. */
type LiveMotifs = readonly (readonly (readonly boolean[])[])[];

/** Nodes of a motif whose matrix has `entries` entries in its upper triangle. */
export const nodesOf = (entries: number): number => (1 + Math.sqrt(1 + 8 * entries)) / 2;

/** Column by column, as a motif's entries are listed: for node j = 1, 2, … those from nodes 0 … j − 1. */
const placesOf = (entries: number): readonly (readonly [from: number, to: number])[] =>
  Array.from({ length: nodesOf(entries) - 1 }, (_, j) =>
    Array.from({ length: j + 1 }, (_v, i) => [i, j + 1] as const),
  ).flat();

const liveEntries = (edges: readonly number[], passing: readonly boolean[]): readonly boolean[] => {
  const places = placesOf(edges.length);
  const passes = edges.map((operation) => passing[operation] === true);
  const open = places.filter((_, at) => passes[at]);
  // Edges are listed by where they end, so those into a node stand before those out of it.
  const reached = new Set([0]);
  for (const [from, to] of open) if (reached.has(from)) reached.add(to);
  const leads = new Set([nodesOf(edges.length) - 1]);
  for (const [from, to] of open.reverse()) if (leads.has(to)) leads.add(from);
  return places.map(([from, to], at) => passes[at] === true && reached.has(from) && leads.has(to));
};

/**
 * What of a hierarchy of motifs computes anything: an entry is live if it holds an operation that passes a
 * signal, can be reached from its motif's first node, and leads to the last. A motif without a live entry
 * passes nothing, like `none`.
 *
 * @param motifs of each level, the lowest first; their entries index the level below's operations, 0 being
 * none.
 * @param primitives operations below the first level, none included.
 * @returns flags in the shape of `motifs`.
 */
export const liveMotifs = (
  motifs: readonly (readonly (readonly number[])[])[],
  primitives: number,
): LiveMotifs => {
  let passing = Array.from({ length: primitives }, (_, operation) => operation > 0);
  return motifs.map((level) => {
    const live = level.map((edges) => liveEntries(edges, passing));
    passing = [false, ...live.map((entries) => entries.includes(true))];
    return live;
  });
};
