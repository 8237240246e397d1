import type { Json } from '../../core/json.ts';
import { readGenotype } from '../../space/read-genotype.ts';
import type { SpaceChoice } from '../../space/space-schema.ts';
import type { CellGenotype } from '../../space/cell-genotype.ts';
import { microToCells, type EnasMicroGenotype } from '../../space/enas-micro.ts';
import type { NasnetGenotype } from '../../space/nasnet.ts';
import { pnasAsNasnet, type PnasGenotype } from '../../space/pnas.ts';
import type { SmashGenotype } from '../../space/smash-genotype.ts';
import { CELL_KINDS, cellArchitecture, type CellKind } from './cell-graph.ts';
import { hierarchicalGraphs, nasBench201Graph, nasnetGraph } from './edge-graphs.ts';
import type { ArchitectureGraph } from './graph.ts';
import {
  blockQnnGraph,
  easGraph,
  enasMacroGraph,
  fractalNetGraph,
  geneticCnnGraphs,
  layerGraphGraph,
  nasBench101Graph,
  nasBenchMacroGraph,
  nasRlGraph,
  smashGraphs,
} from './operation-graphs.ts';

type GraphsOf = (genotype: Json) => readonly ArchitectureGraph[];

/** Forgets the genotype's type: a space's drawing is only handed genotypes that the space parsed. */
const all = <G>(graphs: (genotype: G) => readonly ArchitectureGraph[]): GraphsOf =>
  graphs as unknown as GraphsOf;
const one = <G>(graph: (genotype: G) => ArchitectureGraph): GraphsOf =>
  all((genotype: G) => [graph(genotype)]);
const bothCells = <G>(graph: (genotype: G, kind: CellKind) => ArchitectureGraph): GraphsOf =>
  all((genotype: G) => CELL_KINDS.map((kind) => graph(genotype, kind)));

/** How a genotype of each space is drawn. */
const DRAWINGS = {
  'darts-cnn': bothCells<CellGenotype>(cellArchitecture),
  nasnet: bothCells<NasnetGenotype>(nasnetGraph),
  pnas: one((genotype: PnasGenotype) => ({ ...nasnetGraph(pnasAsNasnet(genotype), 'normal'), name: 'cell' })),
  'enas-micro': bothCells<EnasMicroGenotype>((genotype, kind) =>
    cellArchitecture(microToCells(genotype), kind),
  ),
  'enas-macro': one(enasMacroGraph),
  'nas-rl': one(nasRlGraph),
  'nas-rl-growing': one(nasRlGraph),
  hierarchical: all(hierarchicalGraphs),
  'hierarchical-flat': all(hierarchicalGraphs),
  'genetic-cnn': all(geneticCnnGraphs),
  'fractal-net': one(fractalNetGraph),
  'block-qnn': one(blockQnnGraph),
  eas: one(easGraph),
  nasbot: one(layerGraphGraph),
  'auto-keras': one(layerGraphGraph),
  'nas-bench-101': one(nasBench101Graph),
  'nas-bench-201': one(nasBench201Graph),
  'nas-bench-macro': one(nasBenchMacroGraph),
  smash: all<SmashGenotype>(smashGraphs),
} as const satisfies Record<SpaceChoice['name'], GraphsOf>;

/** Titles of the graphs, by name. */
const TITLES: Readonly<Record<string, string>> = {
  normal: 'Normal cell',
  reduce: 'Reduction cell',
  cell: 'Cell',
  network: 'Network',
  block: 'Block',
  top: 'Cell of motifs',
};

/** What is written over a graph. */
export const graphTitle = ({ name }: ArchitectureGraph): string =>
  TITLES[name] ??
  name.replace(
    /^(\w)([a-z]*)(\d+)$/,
    (_, first: string, rest: string, n: string) => `${first.toUpperCase()}${rest} ${n}`,
  );

/** The graphs of a printed genotype of a space, in the order in which they are shown. */
export const architectureGraphs = (space: SpaceChoice, genotype: string): readonly ArchitectureGraph[] =>
  DRAWINGS[space.name](readGenotype(space, genotype).genotype);
