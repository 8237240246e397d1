import { z } from 'zod';
import type { Random } from '../core/random.ts';
import { depthProfile } from './depth-profile.ts';
import { jsonGenotype } from './json-genotype.ts';
import { canonicalDag, pruned } from './labelled-dag.ts';
import type { Space } from './space.ts';

/** Layers between input and output. Pooling halves height and width; `fc` comes after all others. */
const LAYER_LABELS = ['conv3', 'conv5', 'conv7', 'max_pool', 'avg_pool', 'fc'] as const;
export type LayerLabel = (typeof LAYER_LABELS)[number];
const UNITS = [16, 32, 64, 128, 256, 512] as const;
/** Most layers between input and output, and most pooling layers (a 32 × 32 image halves five times). */
const MAX_LAYERS = 24;
const MAX_POOLS = 5;
/** Most edges beyond those of a chain. */
const MAX_SKIPS = 8;

export type GraphLayer = { readonly label: LayerLabel; readonly units: number };
/**
 * A network as a graph of layers: vertex 0 is the image, vertex i is `layers[i − 1]`, the last vertex is the
 * softmax output. Edges point from lower to higher vertices; a vertex with several inputs adds them
 * (zero-padded channels, the larger maps pooled down).
 */
export type LayerGraph = {
  readonly layers: readonly GraphLayer[];
  readonly edges: readonly (readonly [from: number, to: number])[];
};

export const isPool = (label: LayerLabel): boolean => label === 'max_pool' || label === 'avg_pool';
const isConv = (label: LayerLabel): boolean => label.startsWith('conv');

/** For each vertex the vertices that feed it. */
export const sourcesOf = ({ layers, edges }: LayerGraph): readonly (readonly number[])[] =>
  Array.from({ length: layers.length + 2 }, (_, to) =>
    edges.flatMap(([a, b]) => (b === to ? [a] : [])).sort((a, b) => a - b),
  );

const dagOf = (graph: LayerGraph) => ({
  labels: [
    'input',
    ...graph.layers.map(({ label, units }) => (isPool(label) ? label : `${label}/${units}`)),
    'output',
  ],
  sources: sourcesOf(graph),
});

const schema: z.ZodType<LayerGraph> = z.strictObject({
  layers: z
    .array(
      z.strictObject({
        label: z.enum(LAYER_LABELS),
        units: z
          .number()
          .refine((n) => (UNITS as readonly number[]).includes(n), `allowed: ${UNITS.join(', ')}`),
      }),
    )
    .min(1)
    .max(MAX_LAYERS),
  edges: z.array(z.tuple([z.number().int().min(0), z.number().int().min(0)]).readonly()),
});

const fault = (graph: LayerGraph): readonly [string, unknown, string] | undefined => {
  const output = graph.layers.length + 1;
  if (graph.edges.length > output + MAX_SKIPS)
    return ['edges', `${graph.edges.length} edges`, `at most ${MAX_SKIPS} more than a chain's`];
  const backward = graph.edges.find(([from, to]) => from >= to || to > output);
  if (backward) return ['edges', backward, `pairs from < to ≤ ${output}`];
  if (new Set(graph.edges.map(String)).size !== graph.edges.length)
    return ['edges', graph.edges, 'each edge once'];
  if (pruned(dagOf(graph))?.labels.length !== output + 1)
    return ['edges', graph.edges, 'every layer on a path from input to output'];
  const labelAt = (vertex: number): LayerLabel | undefined => graph.layers[vertex - 1]?.label;
  const afterFc = graph.edges.find(
    ([from, to]) => labelAt(from) === 'fc' && to !== output && labelAt(to) !== 'fc',
  );
  if (afterFc) return ['edges', afterFc, 'only fc layers and the output after an fc layer'];
  const pools = graph.layers.filter(({ label }) => isPool(label)).length;
  return pools > MAX_POOLS ? ['layers', `${pools} pooling layers`, `at most ${MAX_POOLS}`] : undefined;
};

/** Edges in one order, so that equal graphs are equal JSON. */
const ordered = (graph: LayerGraph): LayerGraph => ({
  layers: graph.layers,
  edges: [...graph.edges].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
});

const relayer = (graph: LayerGraph, at: number, change: (layer: GraphLayer) => GraphLayer): LayerGraph => ({
  ...graph,
  layers: graph.layers.map((layer, i) => (i === at ? change(layer) : layer)),
});

const unitsBy = (units: number, steps: number): number =>
  UNITS[(UNITS as readonly number[]).indexOf(units) + steps] ?? units;

/** A layer of that label in the middle of an edge, as wide as the layer before it. */
const wedge = (graph: LayerGraph, [from, to]: readonly [number, number], label: LayerLabel): LayerGraph => {
  const at = to;
  const shift = (vertex: number): number => (vertex >= at ? vertex + 1 : vertex);
  const units = graph.layers[from - 1]?.units ?? UNITS[0];
  return {
    layers: [...graph.layers.slice(0, at - 1), { label, units }, ...graph.layers.slice(at - 1)],
    edges: [
      ...graph.edges
        .filter(([a, b]) => a !== from || b !== to)
        .map(([a, b]) => [shift(a), shift(b)] as const),
      [from, at],
      [at, at + 1],
    ],
  };
};

/** The layer goes; what fed it feeds what it fed. */
const without = (graph: LayerGraph, vertex: number): LayerGraph => {
  const shift = (v: number): number => (v > vertex ? v - 1 : v);
  const into = graph.edges.filter(([, b]) => b === vertex).map(([a]) => a);
  const outOf = graph.edges.filter(([a]) => a === vertex).map(([, b]) => b);
  const edges = [
    ...graph.edges.filter(([a, b]) => a !== vertex && b !== vertex),
    ...into.flatMap((a) => outOf.map((b) => [a, b] as const)),
  ].map(([a, b]) => [shift(a), shift(b)] as const);
  return {
    layers: graph.layers.filter((_, i) => i !== vertex - 1),
    edges: [...new Map(edges.map((edge) => [String(edge), edge])).values()],
  };
};

/** An edit not yet made: most are looked at only to be counted and chosen among. */
type Edit = () => LayerGraph;

const rescaled = (graph: LayerGraph, steps: number): readonly Edit[] =>
  graph.layers.flatMap(({ label, units }, at) =>
    isPool(label) || unitsBy(units, steps) === units
      ? []
      : [() => relayer(graph, at, (l) => ({ ...l, units: unitsBy(l.units, steps) }))],
  );
const allRescaled = (graph: LayerGraph, steps: number): readonly Edit[] => [
  () => ({
    ...graph,
    layers: graph.layers.map((l) => (isPool(l.label) ? l : { ...l, units: unitsBy(l.units, steps) })),
  }),
];

/** The graph, without edges to wedge a layer into where it has the most layers allowed. */
const roomToGrow = (graph: LayerGraph): LayerGraph =>
  graph.layers.length < MAX_LAYERS ? graph : { ...graph, edges: [] };

const EDITS = {
  widen: (graph) => rescaled(graph, 1),
  narrow: (graph) => rescaled(graph, -1),
  'widen-all': (graph) => allRescaled(graph, 1),
  'narrow-all': (graph) => allRescaled(graph, -1),
  'swap-label': (graph) =>
    graph.layers.flatMap(({ label }, at) =>
      LAYER_LABELS.filter(
        (other) =>
          other !== label && isPool(other) === isPool(label) && (other === 'fc') === (label === 'fc'),
      ).map((other) => () => relayer(graph, at, (l) => ({ ...l, label: other }))),
    ),
  wedge: (graph) =>
    roomToGrow(graph).edges.flatMap((edge) => LAYER_LABELS.map((label) => () => wedge(graph, edge, label))),
  deepen: (graph) =>
    roomToGrow(graph).edges.map(
      (edge) => () => wedge(graph, edge, graph.layers[edge[0] - 1]?.label === 'fc' ? 'fc' : 'conv3'),
    ),
  remove: (graph) => graph.layers.map((_, i) => () => without(graph, i + 1)),
  skip: (graph) => {
    const present = new Set(graph.edges.map(String));
    const output = graph.layers.length + 1;
    if (graph.edges.length >= output + MAX_SKIPS) return [];
    return Array.from({ length: output }, (_, from) =>
      Array.from({ length: output - from }, (_v, k) => [from, from + 1 + k] as const),
    )
      .flat()
      .filter((edge) => edge[1] !== output && !present.has(String(edge)))
      .map((edge) => () => ({ ...graph, edges: [...graph.edges, edge] }));
  },
  'remove-edge': (graph) =>
    graph.edges.map((edge) => () => ({
      ...graph,
      edges: graph.edges.filter((other) => other !== edge),
    })),
} as const satisfies Record<string, (graph: LayerGraph) => readonly Edit[]>;
type GraphEdit = keyof typeof EDITS;

/** The edit's result, if it is a valid graph that differs from `before` (as JSON). */
const made = (edit: Edit, before: string): LayerGraph | undefined => {
  const graph = ordered(edit());
  const fits = graph.layers.length > 0 && graph.layers.length <= MAX_LAYERS;
  return fits && fault(graph) === undefined && JSON.stringify(graph) !== before ? graph : undefined;
};

const edited = (graph: LayerGraph, kind: GraphEdit): readonly LayerGraph[] => {
  const before = JSON.stringify(graph);
  return EDITS[kind](graph).flatMap((edit) => made(edit, before) ?? []);
};

/** A chain of layers. */
const chain = (layers: readonly GraphLayer[]): LayerGraph => ({
  layers,
  edges: Array.from({ length: layers.length + 1 }, (_, i) => [i, i + 1] as const),
});

const conv = (units: number): GraphLayer => ({ label: 'conv3', units });
const POOL: GraphLayer = { label: 'max_pool', units: UNITS[0] };

/** Plain chains to start from: one to three stages of convolutions with pooling between them. */
const INITIAL: readonly LayerGraph[] = [
  chain([conv(32), POOL, conv(64)]),
  chain([conv(16), POOL, conv(32), POOL, conv(64)]),
  chain([conv(32), conv(32), POOL, conv(64), conv(64), POOL, { label: 'fc', units: 128 }]),
];

/** Log-width of a layer from 1/6 to 1; pooling layers have none. */
const logUnits = ({ label, units }: GraphLayer): number =>
  isPool(label) ? 0 : (1 + (UNITS as readonly number[]).indexOf(units)) / UNITS.length;

/**
 * Counts of labels and widths, of layers and skips, the mean width, and what there is at each depth; all
 * within [0, 1].
 */
const encode = (graph: LayerGraph): readonly number[] => {
  const share = (n: number, most: number): number => Math.min(1, n / most);
  const layers = graph.layers.filter(({ label }) => !isPool(label));
  const labels = graph.layers.map(({ label }) => label);
  return [
    ...LAYER_LABELS.map((label) => share(labels.filter((other) => other === label).length, 8)),
    ...UNITS.map((units) => share(layers.filter((l) => l.units === units).length, 8)),
    share(graph.layers.length, MAX_LAYERS),
    share(graph.edges.length - graph.layers.length - 1, MAX_SKIPS),
    layers.reduce((sum, layer) => sum + logUnits(layer), 0) / Math.max(1, layers.length),
    share(layers.filter(({ label }) => isConv(label)).length, MAX_LAYERS),
    ...depthProfile(
      { labels: ['input', ...labels, 'output'], sources: sourcesOf(graph) },
      LAYER_LABELS,
      MAX_LAYERS,
      // Halved, so that two wide layers side by side are still within 1.
      [0, ...graph.layers.map((layer) => logUnits(layer) / 2), 0],
    ),
  ];
};

/** A space of layer graphs that is walked by the given edits. */
const layerGraphSpace = (
  name: string,
  source: string,
  /** Edits that `mutate` chooses among, each kind with equal probability. */
  mutations: readonly GraphEdit[],
  /**
   * Edits that make neighbours: mutations, and such as remove what these add (and more, which no single one
   * puts back).
   */
  neighbouring: readonly GraphEdit[],
  /** Most random mutations between an initial chain and a sample. */
  maxSampleEdits: number,
): Space<LayerGraph> => {
  const mutate = (graph: LayerGraph, random: Random): LayerGraph => {
    const before = JSON.stringify(graph);
    const firstOf = (edits: readonly Edit[]): LayerGraph | undefined => {
      for (const edit of random.shuffle(edits)) {
        const mutant = made(edit, before);
        if (mutant !== undefined) return mutant;
      }
      return undefined;
    };
    for (const kind of random.shuffle(mutations)) {
      const mutant = firstOf(EDITS[kind](graph));
      if (mutant !== undefined) return mutant;
    }
    // Nothing of these can still be done to the graph (it is as wide and deep as allowed), something of the
    // others always.
    return firstOf(neighbouring.flatMap((kind) => EDITS[kind](graph))) as LayerGraph;
  };
  return {
    name,
    source,
    ...jsonGenotype<LayerGraph>(
      name,
      schema,
      '{"layers": [{"label", "units"}, …], "edges": [[from, to], …]}',
      fault,
      (graph) => canonicalDag(dagOf(graph)),
    ),
    sample: (random) => {
      let graph = random.pick(INITIAL);
      for (let edits = random.int(maxSampleEdits + 1); edits > 0; edits--) graph = mutate(graph, random);
      return graph;
    },
    mutate,
    /** Layer by layer where the parents have the same edges, else one of the parents whole. */
    crossover: (a, b, random) => {
      const mixed = {
        layers: a.layers.map((layer, i) => (random.int(2) === 0 ? layer : (b.layers[i] ?? layer))),
        edges: a.edges,
      };
      return JSON.stringify(a.edges) === JSON.stringify(b.edges) && fault(mixed) === undefined
        ? mixed
        : random.pick([a, b]);
    },
    neighbours: (graph) => [
      ...new Map(
        neighbouring.flatMap((kind) => edited(graph, kind)).map((other) => [JSON.stringify(other), other]),
      ).values(),
    ],
    encode,
    describe: () => ({
      name,
      source,
      lines: [
        `layers: ${LAYER_LABELS.join(', ')}; units ${UNITS.join(', ')}; at most ${MAX_LAYERS} layers`,
        `edits: ${mutations.join(', ')}`,
      ],
    }),
  };
};

/** NASBOT's networks and mutations. */
export const nasbotGraphs = layerGraphSpace(
  'nasbot',
  'Kandasamy et al. 2018, "Neural Architecture Search with Bayesian Optimisation and Optimal Transport", §2 and Table 6 ' +
    '(modifiers). Deviations: units are powers of two from 16 to 512, and paths are not duplicated.',
  ['widen', 'narrow', 'widen-all', 'narrow-all', 'swap-label', 'wedge', 'remove', 'skip'],
  ['widen', 'narrow', 'swap-label', 'wedge', 'remove', 'skip', 'remove-edge'],
  8,
);

/**
 * Auto-Keras' networks and the shapes of its morphisms. Widening a layer that feeds no sum, and a new layer
 * behind a ReLU, could keep the network's function; the other edits could not as networks are built here, and
 * no weights are inherited.
 */
export const autoKerasGraphs = layerGraphSpace(
  'auto-keras',
  'Jin, Song & Hu 2019, "Auto-Keras", §3.2: network morphism by deeper, wider and skip connections (added). ' +
    'Deviations: units are powers of two from 16 to 512; a morph changes the architecture alone, and children are trained from scratch.',
  ['deepen', 'widen', 'skip'],
  ['widen', 'narrow', 'deepen', 'remove', 'skip', 'remove-edge'],
  4,
);
