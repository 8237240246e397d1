import type { ArchitectureGraph } from '../../space/drawings/architecture-graph.ts';
import { DRAWINGS } from '../../space/drawings/registry.ts';
import { readGenotype } from '../../space/read-genotype.ts';
import type { SpaceChoice } from '../../space/registry.ts';

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
