import type { Json } from '../../core/json.ts';
import { microToCells, type EnasMicroGenotype } from '../enas-micro.ts';
import { pnasAsNasnet, type PnasGenotype } from '../pnas.ts';
import type { SpaceName } from '../registry.ts';
import type { ArchitectureGraph } from './architecture-graph.ts';
import { blockQnnGraph } from './block-qnn.ts';
import { CELL_KINDS, type CellKind } from './cell-ends.ts';
import { cellArchitecture } from './cell-graph.ts';
import { easGraph } from './eas.ts';
import { enasMacroGraph } from './enas-macro.ts';
import { fractalNetGraph } from './fractal-net.ts';
import { geneticCnnGraphs } from './genetic-cnn.ts';
import { hierarchicalGraphs } from './hierarchical.ts';
import { layerGraphGraph } from './layer-graph.ts';
import { lstmGraph } from './lstm.ts';
import { nasBench101Graph } from './nas-bench-101.ts';
import { nasBench201Graph } from './nas-bench-201.ts';
import { nasBenchMacroGraph } from './nas-bench-macro.ts';
import { nasRlGraph } from './nas-rl.ts';
import { nasRlRnnGraph } from './nas-rl-rnn.ts';
import { nasnetGraph } from './nasnet.ts';
import { dartsRnnGraph, enasRnnGraph } from './recurrent-cell.ts';
import { smashGraphs } from './smash.ts';

/** What is drawn of a genotype, in the order in which it is shown. */
type Drawing = (genotype: Json) => readonly ArchitectureGraph[];

/** The type of the genotype is forgotten: whoever looks a space up by name hands it its own genotypes alone. */
const graphs = <G extends Json>(draw: (genotype: G) => readonly ArchitectureGraph[]): Drawing =>
  draw as Drawing;

const graph = <G extends Json>(draw: (genotype: G) => ArchitectureGraph): Drawing =>
  graphs((genotype: G) => [draw(genotype)]);

/** A normal and a reduction cell. */
const cells = <G extends Json>(draw: (genotype: G, kind: CellKind) => ArchitectureGraph): Drawing =>
  graphs((genotype: G) => CELL_KINDS.map((kind) => draw(genotype, kind)));

/**
 * How architectures of each space are drawn. Apart from the definitions, which programs of jobs load: a
 * drawing changes no number, and so not the version of the numeric code either.
 */
export const DRAWINGS: { readonly [Name in SpaceName]: Drawing } = {
  'darts-cnn': cells(cellArchitecture),
  'nas-bench-201': graph(nasBench201Graph),
  'nas-bench-macro': graph(nasBenchMacroGraph),
  'nas-bench-101': graph(nasBench101Graph),
  nasnet: cells(nasnetGraph),
  'nas-rl': graph(nasRlGraph),
  hierarchical: graphs(hierarchicalGraphs),
  'hierarchical-flat': graphs(hierarchicalGraphs),
  'genetic-cnn': graphs(geneticCnnGraphs),
  'fractal-net': graph(fractalNetGraph),
  'enas-macro': graph(enasMacroGraph),
  'enas-micro': cells((genotype: EnasMicroGenotype, kind) => cellArchitecture(microToCells(genotype), kind)),
  nasbot: graph(layerGraphGraph),
  'auto-keras': graph(layerGraphGraph),
  'nas-rl-growing': graph(nasRlGraph),
  'block-qnn': graph(blockQnnGraph),
  pnas: graph((genotype: PnasGenotype) => ({
    ...nasnetGraph(pnasAsNasnet(genotype), 'normal'),
    name: 'cell',
  })),
  smash: graphs(smashGraphs),
  eas: graph(easGraph),
  'darts-rnn': graph(dartsRnnGraph),
  'enas-rnn': graph(enasRnnGraph),
  'nas-rl-rnn': graph(nasRlRnnGraph),
  lstm: graph(lstmGraph),
};
