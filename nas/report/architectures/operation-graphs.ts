import {
  NSC_TYPES,
  layersOf,
  looseEnds,
  predecessorsOf,
  type BlockQnnGenotype,
  type NscType,
} from '../../space/block-qnn.ts';
import type { EasGenotype } from '../../space/eas.ts';
import { MACRO_OPERATIONS, type EnasMacroGenotype, type MacroOperation } from '../../space/enas-macro.ts';
import type { FractalNetGenotype } from '../../space/fractal-net.ts';
import { geneticCnnStages, type GeneticCnnGenotype } from '../../space/genetic-cnn.ts';
import { isPool, sourcesOf, type LayerGraph } from '../../space/layer-graph.ts';
import {
  nasBench101Dag,
  type NasBench101Genotype,
  type NasBench101Operation,
} from '../../space/nas-bench-101.ts';
import { NAS_BENCH_MACRO_BLOCKS, type NasBenchMacroGenotype } from '../../space/nas-bench-macro.ts';
import { nasRlLooseEnds, nasRlSources, type NasRlGenotype } from '../../space/nas-rl.ts';
import type { SmashBlock, SmashGenotype, SmashOperation } from '../../space/smash-genotype.ts';
import type { ArchitectureGraph, Family, Operation } from './graph.ts';

/**
 * Operations as vertices: 0 is the input, i is `operations[i − 1]`, the last one the output; `sources` lists what each
 * vertex but the input reads.
 */
const operationGraph = (
  name: string,
  operations: readonly Operation[],
  sources: readonly (readonly number[])[],
  ends: readonly [input: string, output: string],
): ArchitectureGraph => ({
  name,
  nodes: [
    { id: 'v0', kind: 'input', label: ends[0] },
    ...operations.map((operation, i) => ({ id: `v${i + 1}`, kind: 'operation', ...operation }) as const),
    { id: `v${operations.length + 1}`, kind: 'output', label: ends[1] },
  ],
  edges: sources.flatMap((from, i) =>
    [...new Set(from)].map((source) => ({ from: `v${source}`, to: `v${i + 1}` })),
  ),
});

const NETWORK_ENDS = ['image', 'softmax'] as const;
const CELL_ENDS = ['in', 'out'] as const;
const before = (vertex: number): readonly number[] => [vertex - 1];

export const nasRlGraph = (layers: NasRlGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    layers.map(({ type, height, width, filters, stride }): Operation => {
      const shape = `${height}×${width}${stride === 1 ? '' : ` /${stride}`}`;
      return type === 'conv'
        ? { label: `conv ${shape}, ${filters}`, family: 'convolution' }
        : { label: `max ${shape}`, family: 'pool' };
    }),
    [
      ...nasRlSources(layers).map((from) => (from.length === 0 ? [0] : from.map((j) => j + 1))),
      nasRlLooseEnds(layers).map((i) => i + 1),
    ],
    NETWORK_ENDS,
  );

export const layerGraphGraph = (graph: LayerGraph): ArchitectureGraph =>
  operationGraph(
    'network',
    graph.layers.map(({ label, units }): Operation => {
      if (isPool(label)) return { label, family: 'pool' };
      return { label: `${label}, ${units}`, family: label === 'fc' ? 'dense' : 'convolution' };
    }),
    sourcesOf(graph).slice(1),
    NETWORK_ENDS,
  );

export const easGraph = ({ blocks, dense }: EasGenotype): ArchitectureGraph => {
  const operations = [
    ...blocks.flatMap((convolutions, block): Operation[] => [
      ...(block === 0 ? [] : [{ label: 'max 2×2 /2', family: 'pool' } as const]),
      ...convolutions.map(
        ([filters, kernel]) =>
          ({ label: `conv ${kernel}×${kernel}, ${filters}`, family: 'convolution' }) as const,
      ),
    ]),
    ...dense.map((units) => ({ label: `fc, ${units}`, family: 'dense' }) as const),
  ];
  return operationGraph(
    'network',
    operations,
    Array.from({ length: operations.length + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  );
};

const NAS_BENCH_101_FAMILY = {
  conv3x3: 'convolution',
  conv1x1: 'convolution',
  maxpool3x3: 'pool',
} as const satisfies Record<NasBench101Operation, Family>;

export const nasBench101Graph = (genotype: NasBench101Genotype): ArchitectureGraph => {
  const { labels, sources } = nasBench101Dag(genotype);
  const operations = labels.slice(1, -1) as NasBench101Operation[];
  return operationGraph(
    'cell',
    operations.map((label) => ({ label, family: NAS_BENCH_101_FAMILY[label] })),
    sources.slice(1),
    CELL_ENDS,
  );
};

export const nasBenchMacroGraph = (digits: NasBenchMacroGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    [...digits].map((digit): Operation => {
      const label = NAS_BENCH_MACRO_BLOCKS[Number(digit)] as (typeof NAS_BENCH_MACRO_BLOCKS)[number];
      return { label, family: label === 'skip' ? 'identity' : 'separable' };
    }),
    Array.from({ length: digits.length + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  );

const MACRO_FAMILY = {
  conv_3x3: 'convolution',
  sep_conv_3x3: 'separable',
  conv_5x5: 'convolution',
  sep_conv_5x5: 'separable',
  avg_pool_3x3: 'pool',
  max_pool_3x3: 'pool',
} as const satisfies Record<MacroOperation, Family>;

export const enasMacroGraph = (rows: EnasMacroGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    rows.map(([operation]): Operation => {
      const label = MACRO_OPERATIONS[operation as number] as MacroOperation;
      return { label, family: MACRO_FAMILY[label] };
    }),
    [
      ...rows.map(([, ...skips], i) => [i, ...skips.flatMap((bit, j) => (bit === 1 ? [j] : []))]),
      [rows.length],
    ],
    ['stem', 'softmax'],
  );

const NSC_FAMILY = {
  conv: 'convolution',
  max_pool: 'pool',
  avg_pool: 'pool',
  identity: 'identity',
  add: 'identity',
  concat: 'identity',
} as const satisfies Record<(typeof NSC_TYPES)[NscType]['name'], Family>;

export const blockQnnGraph = (genotype: BlockQnnGenotype): ArchitectureGraph =>
  operationGraph(
    'block',
    layersOf(genotype).map(([, type, kernel]): Operation => {
      const { name } = NSC_TYPES[type as NscType];
      return { label: kernel === 0 ? name : `${name} ${kernel}×${kernel}`, family: NSC_FAMILY[name] };
    }),
    [...layersOf(genotype).map(predecessorsOf), looseEnds(genotype)],
    CELL_ENDS,
  );

/** One graph a stage; nodes that no other reads or feeds are left out, as in the network. */
export const geneticCnnGraphs = (genotype: GeneticCnnGenotype): readonly ArchitectureGraph[] =>
  geneticCnnStages(genotype).map((reads, stage) => {
    const feeds = (node: number): boolean => reads.some((sources) => sources.includes(node));
    const nodes = reads.flatMap((sources, node) => (sources.length > 0 || feeds(node) ? [node] : []));
    const place = (node: number): number => nodes.indexOf(node) + 2;
    const conv = (label: string): Operation => ({ label, family: 'convolution' });
    const inner = nodes.map((node) => {
      const sources = reads[node] as readonly number[];
      return sources.length === 0 ? [1] : sources.map(place);
    });
    const ends = nodes.filter((node) => !feeds(node)).map(place);
    const last = nodes.length + 2;
    return nodes.length === 0
      ? operationGraph(`stage${stage + 1}`, [conv('conv')], [[0], [1]], CELL_ENDS)
      : operationGraph(
          `stage${stage + 1}`,
          [conv('conv'), ...nodes.map((node) => conv(`node ${node + 1}`)), conv('conv')],
          [[0], ...inner, ends, [last]],
          CELL_ENDS,
        );
  });

/** One block: column k convolves in every 2^k-th row; columns that end in a row are joined. */
export const fractalNetGraph = ({ columns, join }: FractalNetGenotype): ArchitectureGraph => {
  const operations: Operation[] = [];
  const sources: (readonly number[])[] = [];
  const add = (operation: Operation, from: readonly number[]): number => {
    sources.push(from);
    return operations.push(operation);
  };
  const states = new Array<number>(columns).fill(0);
  for (let row = 1; row <= 2 ** (columns - 1); row++) {
    const ending = states.map((_, column) => column).filter((column) => row % 2 ** column === 0);
    const ends = ending.map((column) =>
      add({ label: 'conv', family: 'convolution' }, [states[column] as number]),
    );
    const value = ends.length === 1 ? (ends[0] as number) : add({ label: join, family: 'identity' }, ends);
    for (const column of ending) states[column] = value;
  }
  return operationGraph('block', operations, [...sources, [states[0] as number]], CELL_ENDS);
};

/** `4: 3×3 d2 → 5×5 + 3×3`: output units, then the two branches. */
const smashLabel = ({ width, convs }: SmashOperation): string => {
  const texts = convs.map((conv) => {
    if (conv === null) return undefined;
    const [k, dilation, groups] = conv;
    return `${k}×${k}${dilation > 1 ? ` d${dilation}` : ''}${groups > 1 ? ` g${groups}` : ''}`;
  });
  const branch = (slots: readonly (string | undefined)[]): string[] => {
    const used = slots.filter((text) => text !== undefined);
    return used.length === 0 ? [] : [used.join(' → ')];
  };
  return `${width}: ${[...branch(texts.slice(0, 2)), ...branch(texts.slice(2))].join(' + ')}`;
};

/** An operation reads of those that wrote to its banks before. */
const smashBlockGraph = ({ input, bank, ops }: SmashBlock, index: number): ArchitectureGraph => {
  const writers = Array.from({ length: input / bank }, () => [0]);
  const sources = ops.map(({ read, write }, i) => {
    const from = read.flatMap((at) => writers[at] ?? []);
    for (const to of write) writers[to] = [...(writers[to] ?? []), i + 1];
    return from.sort((a, b) => a - b);
  });
  return operationGraph(
    `block${index + 1}`,
    ops.map((op) => ({ label: smashLabel(op), family: 'convolution' })),
    [...sources, writers.flat().sort((a, b) => a - b)],
    CELL_ENDS,
  );
};

export const smashGraphs = ({ blocks }: SmashGenotype): readonly ArchitectureGraph[] =>
  blocks.map(smashBlockGraph);
