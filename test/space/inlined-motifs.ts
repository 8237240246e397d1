import { HIERARCHICAL_PRIMITIVES, type HierarchicalGenotype } from '../../nas/space/hierarchical.ts';

/** Vertices in a forward order, the image first and the output last, with what each reads. */
interface InlinedMotifs {
  readonly labels: readonly string[];
  readonly edges: readonly (readonly [from: number, to: number])[];
}

/** An operation, or a motif's output, on its way from one node to another. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly primitive: string;
}

/**
 * Every motif put in the place of each edge that holds it: all nodes of all motifs, with primitives between
 * them.
 */
const inlined = ({
  motifs,
}: HierarchicalGenotype): { readonly edges: readonly Edge[]; readonly output: number } => {
  const edges: Edge[] = [];
  let nodes = 1;
  const put = (level: number, operation: number, from: number, to: number): void => {
    if (operation === 0) return;
    if (level < 0) {
      edges.push({ from, to, primitive: HIERARCHICAL_PRIMITIVES[operation] as string });
      return;
    }
    const entries = motifs[level]?.[operation - 1] as readonly number[];
    const own = [from];
    for (let at = 0; at < entries.length;) {
      const node = nodes++;
      for (const source of [...own]) put(level - 1, entries[at++] as number, source, node);
      own.push(node);
    }
    edges.push({ from: own.at(-1) as number, to, primitive: 'identity' });
  };
  const output = nodes++;
  put(motifs.length - 1, 1, 0, output);
  return { edges, output };
};

/** The edges on a path from node 0 to the output: those at dead ends go until none is left. */
const onPaths = (edges: readonly Edge[], output: number): readonly Edge[] => {
  const kept = edges.filter(
    ({ from, to }) =>
      (from === 0 || edges.some((other) => other.to === from)) &&
      (to === output || edges.some((other) => other.from === to)),
  );
  return kept.length === edges.length ? kept : onPaths(kept, output);
};

/**
 * What a genotype computes, found by writing it out in full: identities and nodes of one input leave no
 * vertex.
 */
export const inlinedMotifs = (genotype: HierarchicalGenotype): InlinedMotifs => {
  const { edges: all, output } = inlined(genotype);
  const live = onPaths(all, output);
  const labels = ['image'];
  const edges: (readonly [number, number])[] = [];
  const add = (label: string, from: readonly number[]): number => {
    labels.push(label);
    edges.push(...from.map((source) => [source, labels.length - 1] as const));
    return labels.length - 1;
  };
  const vertices = new Map([[0, 0]]);
  const vertexOf = (node: number): number => {
    const known = vertices.get(node);
    if (known !== undefined) return known;
    const inputs = live
      .filter(({ to }) => to === node)
      .map(({ from, primitive }) =>
        primitive === 'identity' ? vertexOf(from) : add(primitive, [vertexOf(from)]),
      );
    const vertex = inputs.length === 1 ? (inputs[0] as number) : add('merge', inputs);
    vertices.set(node, vertex);
    return vertex;
  };
  add('output', [vertexOf(output)]);
  return { labels, edges };
};
