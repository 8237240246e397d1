import type { Place } from '../../core/place.ts';
import { z } from 'zod';
import type { InputError } from '../../core/input-error.ts';
import type { SpaceChoice } from '../../space/registry.ts';
import type { Cuts } from '../../core/cut.ts';
import type { SearchSegment, SearchedParts } from './course.ts';

/** What a search knows of how its network is trained: part of the recipe of stage 1. */
export interface SearchRecipe {
  readonly epochs: number;
  readonly batchSize: number;
  readonly precision: string;
  readonly emaDecay: number;
  /** These three where the task has them. */
  readonly auxiliaryWeight?: number;
  readonly dropPath?: number;
  readonly dropout?: number;
  readonly optimizer: { readonly kind: string; readonly nesterov?: boolean; readonly momentum?: number };
}

/** What is checked before a search is planned. */
export interface SearchToCheck<Options> {
  readonly name: string;
  readonly options: Options;
  readonly space: SpaceChoice;
  readonly recipe: SearchRecipe;
  /** Whether scores lie between 0 and 1, and a sentence that says where they lie. */
  readonly scores: { readonly areFractions: boolean; readonly text: string };
  /** What one example is called. */
  readonly example: string;
  /** Says where a field of the experiment stands. */
  readonly place: Place;
}

/**
 * A search that is one program in one job, as its file writes it: the sibling of `StrategyDefinition`.
 * Everything here is pure; what computes with tensors is the method's entry in the table of programs.
 */
export interface OneJobDefinition<
  Name extends string,
  Program extends string,
  Shape extends z.ZodRawShape,
  Kind extends string,
> {
  readonly name: Name;
  /** Paper, section and deviations. */
  readonly source: string;
  /** Options and their defaults. */
  readonly options: z.ZodObject<Shape>;
  /** The program's kind in job documents, which never changes: checkpoints belong to it. */
  readonly program: Program;
  /**
   * What learns: a `mixture` of all operations at once, weights that the `children` share, of which each
   * minibatch trains one, or a network that gives children `generated weights`.
   */
  readonly trains: 'mixture' | 'children' | 'generated weights';
  /** Spaces that it can search. */
  readonly spaces: readonly SpaceChoice['name'][];
  /** Architectures that one search ranks; absent: it finds one. */
  candidates?(options: z.infer<z.ZodObject<Shape>>): number;
  /** What the fields' own bounds do not say: everything that contradicts something. */
  check?(search: SearchToCheck<z.infer<z.ZodObject<Shape>>>): Iterable<InputError>;
  /** The same of a data set of that name, whose examples are known later. */
  checkData?(
    search: SearchToCheck<z.infer<z.ZodObject<Shape>>>,
    parts: SearchedParts,
    dataset: string,
  ): Iterable<InputError>;
  /** Its whole work in order. The program does exactly this, and estimates add up its passes. */
  course(
    options: z.infer<z.ZodObject<Shape>>,
    recipe: Pick<SearchRecipe, 'epochs'>,
    cuts: Cuts,
  ): readonly SearchSegment<Kind>[];
}

/** A definition with the schema of what an experiment and a job document say of it. */
export const oneJobSearch = <
  const Name extends string,
  const Program extends string,
  Shape extends z.ZodRawShape,
  const Kind extends string,
>(
  definition: OneJobDefinition<Name, Program, Shape, Kind>,
) => ({
  ...definition,
  schema: z
    .strictObject({ name: z.literal(definition.name).describe(definition.source) })
    .extend(definition.options.shape),
});

/** What a caller may know of a search in one job without its own types. */
export interface OneJobSearch extends OneJobDefinition<string, string, z.ZodRawShape, string> {
  readonly schema: z.ZodObject;
}
