import type { Json } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import type { Growth } from './growth.ts';

/**
 * A search space: everything a strategy may do to a genotype, and nothing about tensors. A genotype is plain
 * JSON. All functions are pure; the only randomness is the stream passed in.
 */
export interface Space<G extends Json = Json> {
  /** Name used in experiments, kebab case. */
  readonly name: string;
  /** The paper and section that define it, with deviations. */
  readonly source: string;
  sample(random: Random): G;
  /** One edit as the source paper makes it; the result always differs from the argument. */
  mutate(genotype: G, random: Random): G;
  /** A valid mixture of two parents; each part comes unchanged from one of them. */
  crossover(a: G, b: G, random: Random): G;
  /**
   * Every valid genotype one edit away, without duplicates or the argument itself. It is a neighbour of
   * theirs too, unless the edit removed more than a single one adds: any layer of a layer graph, any two of
   * NAS-RL's growing networks.
   */
  neighbours(genotype: G): readonly G[];
  /** Fixed-length features for surrogate models, entries in [0, 1]. */
  encode(genotype: G): readonly number[];
  /**
   * Returns the value as a genotype of this space or throws `InputError` naming the offending part.
   * `field` is the name of the value in the message.
   */
  validate(value: unknown, field?: string): G;
  /** One form that a reader or the literature recognises; `parse(print(g))` equals `g`. */
  print(genotype: G): string;
  /** Throws `InputError` naming `field` and the offending part. */
  parse(text: string, field?: string): G;
  /** SHA-256 of the canonical form: equal exactly for genotypes that describe the same computation graph. */
  hash(genotype: G): string;
  describe(): SpaceDescription;
  /** Present where a genotype is a fixed-length list of categorical choices; policies and codes need it. */
  readonly decisions?: Decisions<G>;
  /**
   * Present where genotypes come in levels of complexity that a search may grow through, simplest first: each
   * level's genotypes are a fixed-length list of choices.
   */
  readonly levels?: readonly Level<G>[];
  /** Present where networks grow out of one another by edits that can keep what they compute. */
  readonly growth?: Growth<G>;
}

export interface Level<G extends Json> {
  /** `depth 8`, `3 blocks`. */
  readonly name: string;
  readonly decisions: Decisions<G>;
}

interface SpaceDescription {
  readonly name: string;
  readonly source: string;
  /**
   * Number of distinct genotypes before isomorphism; a lower bound where marked so, absent where unbounded.
   */
  readonly size?: number;
  /** Lines for people: operations, nodes, rules. */
  readonly lines: readonly string[];
}

/** A genotype as `sizes.length` choices, the i-th an integer in [0, sizes[i]). */
export interface Decisions<G extends Json> {
  readonly sizes: readonly number[];
  /** Meaning of each choice, for reports: `normal/node 2/inputs`. */
  readonly labels: readonly string[];
  toChoices(genotype: G): readonly number[];
  /**
   * Runs of bits by which a layer says which of the layers before it it reads, one run a layer in the order
   * of layers: [first choice, bits].
   */
  readonly anchors?: readonly (readonly [first: number, bits: number])[];
  /** First choice of each stage, where the choices are of stages that a crossover exchanges as wholes. */
  readonly stages?: readonly number[];
  /**
   * Undefined where the choices describe no valid genotype (only in spaces with constraints between choices).
   */
  fromChoices(choices: readonly number[]): G | undefined;
}
