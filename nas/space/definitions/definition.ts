import type { Place } from '../../core/place.ts';
import { z } from 'zod';
import type { InputError } from '../../core/input-error.ts';
import type { Json } from '../../core/json.ts';
import type { Space } from '../space.ts';

/** How genotypes are read, printed and told apart. */
type Reader<G extends Json> = Pick<Space<G>, 'parse' | 'print' | 'hash'>;

/**
 * Which batch-norm statistics score a child: the running ones, or those of the minibatch that is scored, where
 * every child has statistics of its own.
 */
export type ScoreStatistics = 'running' | 'batch';

/** How networks of a space share weights. */
interface WeightSharing {
  /** Cells on the `edges` of a supernet, `children` by their choices. */
  readonly by: 'edges' | 'children';
  /**
   * Statistics of batch norm that children may be scored by: the running ones, where these are shared too,
   * and those of a minibatch. The first is the space's own way.
   */
  readonly statistics: readonly ScoreStatistics[];
}

/** What one file says of one space, besides the space itself. */
interface Definition<Shape extends z.ZodRawShape, G extends Json, TaskName extends string> {
  /** Kind of the task that its networks learn. */
  readonly task: TaskName;
  /** Fields that an experiment may give besides `name`, each with its default. */
  readonly options: Shape;
  make(options: z.output<z.ZodObject<Shape>>): Space<G>;
  /** What the fields' own bounds do not say: everything that contradicts something. */
  check?(options: z.output<z.ZodObject<Shape>>, place: Place): Iterable<InputError>;
  /** Of the genotypes that networks can be built from, where these are more than the space's own. */
  readonly trained?: Reader<G>;
  /** Options that a printed genotype tells by its size. Throws `InputError` where it is no genotype. */
  toldOptions?(text: string): Partial<z.output<z.ZodObject<Shape>>>;
  /** Printed architectures by the names under which the literature cites them. */
  published?(): Readonly<Record<string, string>>;
  /** All of its networks fit an image, or none: one tells of the others. */
  readonly uniform?: true;
  /** How its networks share weights; absent: they do not. */
  readonly sharesWeights?: WeightSharing;
  /** Size at which the literature evaluates its networks, in fields of its task's `network`. */
  readonly publishedSize?: Readonly<Record<string, number>>;
}

/**
 * A space's entry in the table of all (`registry.ts`), which has forgotten the types of options and
 * genotypes.
 */
export interface SpaceDefinition<
  Name extends string,
  Shape extends z.ZodRawShape,
  TaskName extends string = string,
> {
  readonly name: Name;
  readonly task: TaskName;
  /** Of the field `space` of an experiment. */
  readonly schema: z.ZodObject<{ name: z.ZodLiteral<Name> } & Shape, z.core.$strict>;
  make(options: z.output<z.ZodObject<Shape>>): Space;
  check(options: z.output<z.ZodObject<Shape>>, place: Place): Iterable<InputError>;
  readonly trained?: Reader<Json>;
  readonly uniform?: true;
  readonly sharesWeights?: WeightSharing;
  readonly publishedSize?: Readonly<Record<string, number>>;
  toldOptions(text: string): Readonly<Record<string, Json>>;
  published(): Readonly<Record<string, string>>;
}

/**
 * Defines a space. Its genotype's type is forgotten here: whoever looks a space up by name hands it its own
 * genotypes alone.
 */
export const defineSpace = <
  const Name extends string,
  Shape extends z.ZodRawShape,
  G extends Json,
  const TaskName extends string,
>(
  name: Name,
  { task, options, check, toldOptions, published, ...rest }: Definition<Shape, G, TaskName>,
): SpaceDefinition<Name, Shape, TaskName> => ({
  name,
  task,
  schema: z.strictObject({
    name: z.literal(name).describe('Of the search space; docs/spaces.md describes each.'),
    ...options,
  }),
  check: (given, place) => check?.(given, place) ?? [],
  toldOptions: (text) => (toldOptions?.(text) ?? {}) as Readonly<Record<string, Json>>,
  published: () => published?.() ?? {},
  ...(rest as Pick<Definition<Shape, Json, TaskName>, keyof typeof rest>),
});
