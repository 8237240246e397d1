import type { Place } from '../core/place.ts';
import { z } from 'zod';
import type { InputError } from '../core/input-error.ts';
import { blockQnnSpace } from './definitions/block-qnn.ts';
import { dartsCnnSpace } from './definitions/darts-cnn.ts';
import { dartsRnnSpace } from './definitions/darts-rnn.ts';
import { easSpace } from './definitions/eas.ts';
import { enasMacroSpace } from './definitions/enas-macro.ts';
import { enasMicroSpace } from './definitions/enas-micro.ts';
import { enasRnnSpace } from './definitions/enas-rnn.ts';
import { fractalNetSpace } from './definitions/fractal-net.ts';
import { geneticCnnSpace } from './definitions/genetic-cnn.ts';
import { hierarchicalFlatSpace, hierarchicalSpace } from './definitions/hierarchical.ts';
import { autoKerasSpace, nasbotSpace } from './definitions/layer-graph.ts';
import { lstmSpace } from './definitions/lstm.ts';
import { nasBench101Space } from './definitions/nas-bench-101.ts';
import { nasBench201Space } from './definitions/nas-bench-201.ts';
import { nasBenchMacroSpace } from './definitions/nas-bench-macro.ts';
import { nasRlSpace } from './definitions/nas-rl.ts';
import { nasRlGrowingSpace } from './definitions/nas-rl-growing.ts';
import { nasRlRnnSpace } from './definitions/nas-rl-rnn.ts';
import { nasnetSpace } from './definitions/nasnet.ts';
import { pnasSpace } from './definitions/pnas.ts';
import { smashSpace } from './definitions/smash.ts';
import type { Space } from './space.ts';

/** All search spaces: the one place that lists them. */
const DEFINITIONS = [
  dartsCnnSpace,
  nasBench201Space,
  nasBenchMacroSpace,
  nasBench101Space,
  nasnetSpace,
  nasRlSpace,
  hierarchicalSpace,
  hierarchicalFlatSpace,
  geneticCnnSpace,
  fractalNetSpace,
  enasMacroSpace,
  enasMicroSpace,
  nasbotSpace,
  autoKerasSpace,
  nasRlGrowingSpace,
  blockQnnSpace,
  pnasSpace,
  smashSpace,
  easSpace,
  dartsRnnSpace,
  enasRnnSpace,
  nasRlRnnSpace,
  lstmSpace,
] as const;

type Definitions = typeof DEFINITIONS;
type SchemasOf<D extends readonly { readonly schema: z.ZodObject }[]> = {
  -readonly [I in keyof D]: D[I]['schema'];
};
export type SpaceName = Definitions[number]['name'];

/** The field `space` of an experiment: a space by name, with the options of its file. */
export const spaceSchema = z.discriminatedUnion(
  'name',
  DEFINITIONS.map(({ schema }) => schema) as unknown as SchemasOf<Definitions>,
);
export type SpaceChoice = z.infer<typeof spaceSchema>;

/** What the tables of names know of a definition: that it takes the choice that has its name. */
type Entry = Omit<Definitions[number], 'make' | 'check'> & {
  make(choice: SpaceChoice): Space;
  check(choice: SpaceChoice, place: Place): Iterable<InputError>;
};

/** By name. */
export const SPACES = Object.fromEntries(
  DEFINITIONS.map((definition) => [definition.name, definition]),
) as Readonly<Record<SpaceName, Entry>>;

/** Kinds of the tasks that networks of some space learn. */
export type LearntTask = Definitions[number]['task'];

/** Names of the spaces whose networks learn a task of that kind. */
export type SpaceOfTask<TaskName extends string> = Extract<
  Definitions[number],
  { readonly task: TaskName }
>['name'];

export const SPACE_NAMES: readonly SpaceName[] = DEFINITIONS.map(({ name }) => name);

/** The spaces whose networks share weights in one of these ways. */
export const spacesSharing = (
  ...ways: readonly NonNullable<Entry['sharesWeights']>['by'][]
): readonly SpaceName[] =>
  DEFINITIONS.flatMap(({ name, sharesWeights }) =>
    sharesWeights !== undefined && ways.includes(sharesWeights.by) ? [name] : [],
  );

/** What the space's file says of it. */
export const definitionOf = (name: SpaceName): Entry => SPACES[name];

/** The space that an experiment names, with its options. */
export const chosenSpace = (choice: SpaceChoice): Space => definitionOf(choice.name).make(choice);
