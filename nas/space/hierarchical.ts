import { z } from 'zod';
import type { Random } from '../core/random.ts';
import { oneHot, withChoice } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import { canonicalDag } from './labelled-dag.ts';
import { motifGraph } from './motif-graph.ts';
import { liveMotifs } from './motif-liveness.ts';
import type { Space } from './space.ts';

/** Level-1 operations (Liu et al. 2018, §2.3); an edge may also hold none of them. */
export const HIERARCHICAL_PRIMITIVES = [
  'none',
  'identity',
  'conv_1x1',
  'depthwise_conv_3x3',
  'sep_conv_3x3',
  'max_pool_3x3',
  'avg_pool_3x3',
] as const;
export type HierarchicalPrimitive = (typeof HIERARCHICAL_PRIMITIVES)[number];

/** Motifs of a level above the primitives, and nodes of each. */
interface Level {
  readonly motifs: number;
  readonly nodes: number;
}
/** Random mutations that turn the trivial genotype into an initial one (§3.1). */
const INITIAL_MUTATIONS = 1000;

/**
 * `motifs[l][m]`: motif m of level l + 2 as its adjacency matrix's upper triangle, column by column: for node
 * j = 1, 2, … its edges from nodes 0 … j − 1. An entry indexes the operations of the level below, 0 being
 * none.
 */
export type HierarchicalGenotype = { readonly motifs: readonly (readonly (readonly number[])[])[] };

const edgesOf = (nodes: number): number => (nodes * (nodes - 1)) / 2;

const toChoices = ({ motifs }: HierarchicalGenotype): readonly number[] => motifs.flat(2);

const schema: z.ZodType<HierarchicalGenotype> = z.strictObject({
  motifs: z.array(z.array(z.array(z.number().int().min(0)))),
});

const SOURCE =
  'Liu, Simonyan, Vinyals, Fernando & Kavukcuoglu 2018, "Hierarchical Representations for Efficient Architecture ' +
  'Search", §2 and §3.1: ';
const RULES =
  ' Mutation draws a level, a motif, a successor node, one of its predecessors and the operation between them; initial ' +
  'genotypes by 1,000 random mutations of the trivial one. Deviations: the operation drawn is another one than before; a ' +
  'genotype whose top motif does not connect its ends is drawn again.';

/** Networks of motifs over the given levels; the last level is one motif, the cell. */
const motifSpace = (
  name: string,
  what: string,
  levels: readonly Level[],
  form: string,
): Space<HierarchicalGenotype> => {
  const source = SOURCE + what + RULES;
  /**
   * Operations that a level's edges choose from, none included: primitives, then the motifs of the level
   * below.
   */
  const operationsOf = (level: number): number =>
    level === 0 ? HIERARCHICAL_PRIMITIVES.length : 1 + (levels[level - 1]?.motifs ?? 0);
  const sizes = levels.flatMap(({ motifs, nodes }, level) =>
    new Array<number>(motifs * edgesOf(nodes)).fill(operationsOf(level)),
  );
  const labels = levels.flatMap(({ motifs, nodes }, level) =>
    Array.from({ length: motifs }, (_, motif) =>
      Array.from({ length: nodes - 1 }, (_v, j) =>
        Array.from({ length: j + 1 }, (_w, i) => `level ${level + 2}/motif ${motif + 1}/${i}→${j + 1}`),
      ).flat(),
    ).flat(),
  );
  /** Position of the level's first entry in the list of choices. */
  const firstOf = levels.map((_, level) =>
    levels.slice(0, level).reduce((sum, { motifs, nodes }) => sum + motifs * edgesOf(nodes), 0),
  );

  const build = (choices: readonly number[]): HierarchicalGenotype => {
    let at = 0;
    return {
      motifs: levels.map(({ motifs, nodes }) =>
        Array.from({ length: motifs }, () => choices.slice(at, (at += edgesOf(nodes)))),
      ),
    };
  };
  /** Whether the top motif connects its input to its output. */
  const isConnected = ({ motifs }: HierarchicalGenotype): boolean =>
    liveMotifs(motifs, HIERARCHICAL_PRIMITIVES.length).at(-1)?.[0]?.includes(true) === true;
  const fromChoices = (choices: readonly number[]): HierarchicalGenotype | undefined => {
    const genotype = build(choices);
    return isConnected(genotype) ? genotype : undefined;
  };
  /**
   * §3.1: a random level, motif, successor node and predecessor of it get another operation between them:
   * that adds, alters or removes an edge. Edges into early nodes, which have few predecessors, are drawn more
   * often than those into late ones.
   */
  const mutateOnce = (choices: readonly number[], random: Random): readonly number[] => {
    const level = random.int(levels.length);
    const { motifs, nodes } = levels[level] as Level;
    const motif = random.int(motifs);
    const successor = 1 + random.int(nodes - 1);
    const predecessor = random.int(successor);
    const at = (firstOf[level] as number) + motif * edgesOf(nodes) + edgesOf(successor) + predecessor;
    const option = random.int((sizes[at] as number) - 1);
    return withChoice(choices, at, option >= (choices[at] as number) ? option + 1 : option);
  };
  /** §3.1: every motif a chain of identities (of the level below's first motif, at the top). */
  const trivial = (): readonly number[] =>
    levels.flatMap(({ motifs, nodes }) =>
      Array.from({ length: motifs }, () =>
        Array.from({ length: nodes - 1 }, (_, j) =>
          Array.from({ length: j + 1 }, (_v, i) => (i === j ? 1 : 0)),
        ).flat(),
      ).flat(),
    );

  const fault = (genotype: HierarchicalGenotype): readonly [string, unknown, string] | undefined => {
    const shape = levels.every(
      ({ motifs, nodes }, level) =>
        genotype.motifs[level]?.length === motifs &&
        genotype.motifs[level]?.every(
          (edges) => edges.length === edgesOf(nodes) && edges.every((entry) => entry < operationsOf(level)),
        ),
    );
    if (!shape || genotype.motifs.length !== levels.length) return ['motifs', genotype.motifs, form];
    return isConnected(genotype) ? undefined : ['motifs', genotype.motifs, 'a path through the top motif'];
  };

  return {
    name,
    source,
    ...jsonGenotype<HierarchicalGenotype>(name, schema, form, fault, ({ motifs }) =>
      canonicalDag(motifGraph(motifs, HIERARCHICAL_PRIMITIVES)),
    ),
    sample: (random) => {
      for (;;) {
        let choices = trivial();
        for (let i = 0; i < INITIAL_MUTATIONS; i++) choices = mutateOnce(choices, random);
        const genotype = fromChoices(choices);
        if (genotype !== undefined) return genotype;
      }
    },
    mutate: (genotype, random) => {
      for (;;) {
        const mutant = fromChoices(mutateOnce(toChoices(genotype), random));
        if (mutant !== undefined) return mutant;
      }
    },
    /** Whole motifs from either parent. */
    crossover: (a, b, random) => {
      for (;;) {
        const motifs = a.motifs.map((level, l) =>
          level.map((edges, m) => (random.int(2) === 0 ? edges : (b.motifs[l]?.[m] as readonly number[]))),
        );
        if (isConnected({ motifs })) return { motifs };
      }
    },
    neighbours: (genotype) => {
      const choices = toChoices(genotype);
      return sizes.flatMap((size, at) =>
        Array.from({ length: size }, (_, option) => option)
          .filter((option) => option !== choices[at])
          .flatMap((option) => fromChoices(withChoice(choices, at, option)) ?? []),
      );
    },
    encode: (genotype) => oneHot(sizes, toChoices(genotype)),
    decisions: { sizes, labels, toChoices, fromChoices },
    describe: () => ({
      name,
      source,
      size: sizes.reduce((product, size) => product * size, 1),
      lines: [
        `primitives: ${HIERARCHICAL_PRIMITIVES.join(', ')}`,
        'the size counts disconnected genotypes too',
      ],
    }),
  };
};

/** The hierarchical motif space. */
export const hierarchical = motifSpace(
  'hierarchical',
  'three levels; six primitives, six motifs of four nodes, one of five.',
  [
    { motifs: 6, nodes: 4 },
    { motifs: 1, nodes: 5 },
  ],
  '{"motifs": [six lists of 6 operations 0 to 6, one list of 10 motifs 0 to 6]}',
);

/** Its flat counterpart: one graph over the primitives (§2.1). */
export const hierarchicalFlat = motifSpace(
  'hierarchical-flat',
  'the flat representation, one motif of eleven nodes over six primitives.',
  [{ motifs: 1, nodes: 11 }],
  '{"motifs": [[one list of 55 operations 0 to 6]]}',
);
