import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import { geneticCnnStages, type GeneticCnnGenotype } from '../genetic-cnn.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

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
