/**
 * A directed acyclic graph whose edges point from lower to higher vertices: `edges[j]` lists the sources of
 * vertex j in rising order, `labels[j]` is its operation. Vertex 0 is the input, the last one the output.
 */
export interface LabelledDag {
  readonly labels: readonly string[];
  readonly sources: readonly (readonly number[])[];
}

/** Vertices on a path from the input to the output, in order; empty where there is none. */
const connectedVertices = ({ sources }: LabelledDag): readonly number[] => {
  const last = sources.length - 1;
  const fromInput = new Set([0]);
  sources.forEach((from, vertex) => {
    if (from.some((source) => fromInput.has(source))) fromInput.add(vertex);
  });
  const toOutput = new Set([last]);
  for (let vertex = last; vertex > 0; vertex--)
    if (toOutput.has(vertex)) for (const source of sources[vertex] ?? []) toOutput.add(source);
  const kept = sources.map((_, vertex) => vertex).filter((v) => fromInput.has(v) && toOutput.has(v));
  return kept.length > 1 ? kept : [];
};

/**
 * The graph without vertices that lie on no path from input to output; undefined where there is no such path.
 */
export const pruned = (dag: LabelledDag): LabelledDag | undefined => {
  const kept = connectedVertices(dag);
  if (kept.length === 0) return undefined;
  const position = new Map(kept.map((vertex, i) => [vertex, i]));
  return {
    labels: kept.map((vertex) => dag.labels[vertex] as string),
    sources: kept.map((vertex) =>
      (dag.sources[vertex] ?? []).flatMap((source) => {
        const at = position.get(source);
        return at === undefined ? [] : [at];
      }),
    ),
  };
};

/** For each vertex the number of vertices whose key comes before its own: equal keys, equal colours. */
const ranked = <K extends string | number>(keys: readonly K[]): readonly number[] => {
  const first = new Map<K, number>();
  [...keys]
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .forEach((key, i) => first.has(key) || first.set(key, i));
  return keys.map((key) => first.get(key) as number);
};

const classesOf = (colours: readonly number[]): number => new Set(colours).size;

/**
 * A description that is equal exactly for isomorphic graphs with equal labels: the least one over orders of
 * the vertices. Vertices are told apart by their label and, round after round, by what those that they read
 * and feed are told apart by (Weisfeiler & Leman); where equals remain, each of them in turn is put before
 * the others and the rounds go on (McKay & Piperno 2014, "Practical graph isomorphism, II", §2). Of vertices
 * that an automorphism exchanges one is enough: those with the same sources and readers, and those that lead
 * to a description seen before.
 */
export const canonicalDag = ({ labels, sources }: LabelledDag): string => {
  const readers: number[][] = labels.map(() => []);
  sources.forEach((from, vertex) => from.forEach((source) => readers[source]?.push(vertex)));
  const around = labels.map((_, v) => `${[...(sources[v] ?? [])].sort()}>${[...(readers[v] ?? [])].sort()}`);

  const coloursOf = (vertices: readonly number[], colours: readonly number[]): readonly number[] =>
    vertices.map((v) => colours[v] as number).sort((a, b) => a - b);
  const refined = (colours: readonly number[]): readonly number[] => {
    const seen = colours.map(
      (colour, v) =>
        `${String(colour).padStart(4, '0')}<${coloursOf(sources[v] ?? [], colours)}>${coloursOf(readers[v] ?? [], colours)}`,
    );
    const finer = ranked(seen);
    return classesOf(finer) === classesOf(colours) ? colours : refined(finer);
  };
  const individualised = (colours: readonly number[], vertex: number): readonly number[] =>
    refined(colours.map((colour, v) => (colour === colours[vertex] && v !== vertex ? colour + 1 : colour)));
  /** The first vertices that are still alike; none where every vertex has its own colour. */
  const alike = (colours: readonly number[]): readonly number[] => {
    const members = new Map<number, number[]>();
    colours.forEach((colour, v) => members.set(colour, [...(members.get(colour) ?? []), v]));
    const least = Math.min(...[...members].flatMap(([colour, { length }]) => (length > 1 ? [colour] : [])));
    return members.get(least) ?? [];
  };

  const describe = (colours: readonly number[]): string => {
    const lines: string[] = [];
    colours.forEach((colour, v) => (lines[colour] = `${labels[v]}<${coloursOf(sources[v] ?? [], colours)}`));
    return lines.join(';');
  };
  const firstDescription = (colours: readonly number[]): string => {
    const [vertex] = alike(colours);
    return vertex === undefined ? describe(colours) : firstDescription(individualised(colours, vertex));
  };
  const met = new Set<string>();
  const least = (colours: readonly number[]): string => {
    const vertices = alike(colours);
    if (vertices.length === 0) {
      const description = describe(colours);
      met.add(description);
      return description;
    }
    const tried = new Set<string>();
    let best: string | undefined;
    for (const vertex of vertices) {
      if (tried.has(around[vertex] as string)) continue;
      tried.add(around[vertex] as string);
      const next = individualised(colours, vertex);
      if (best !== undefined && met.has(firstDescription(next))) continue;
      const found = least(next);
      if (best === undefined || found < best) best = found;
    }
    return best as string;
  };
  return least(refined(ranked(labels)));
};
