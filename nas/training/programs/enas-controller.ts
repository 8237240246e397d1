import type { Json } from '../../core/json.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import { chosenSpace, type SpaceChoice, type SpaceName } from '../../space/registry.ts';
import { MACRO_OPERATIONS } from '../../space/enas-macro.ts';
import { MICRO_NODES, MICRO_OPERATIONS } from '../../space/enas-micro.ts';
import { categoricalController } from '../controllers/categorical.ts';
import type { Controller } from '../controllers/controller.ts';
import { enasMacroController } from '../controllers/enas-macro.ts';
import { enasMicroController } from '../controllers/enas-micro.ts';
import { enasRnnController } from '../controllers/enas-rnn.ts';

type Settings = SearchSpec<'enas'>['strategy']['controller'] & { readonly operationTanhConstant: number };
type MakeController<Choice> = (settings: Settings, space: Choice) => Controller;

/** Spaces that have a controller of their own. */
const CONTROLLERS: {
  readonly [Name in SpaceName]?: MakeController<Extract<SpaceChoice, { name: Name }>>;
} = {
  'enas-macro': ({ hiddenUnits, temperature, tanhConstant, operationTanhConstant, skipTarget }, { depth }) =>
    enasMacroController({
      ...{ hiddenUnits, temperature, tanhConstant, operationTanhConstant },
      ...{ depth, skipTarget, operations: MACRO_OPERATIONS.length },
    }),
  'enas-micro': ({ hiddenUnits, temperature, tanhConstant, operationTanhConstant }) =>
    enasMicroController({
      ...{ hiddenUnits, temperature, tanhConstant, operationTanhConstant },
      ...{ nodes: MICRO_NODES, operations: MICRO_OPERATIONS.length },
    }),
  'enas-rnn': (
    { hiddenUnits, temperature, tanhConstant, operationTanhConstant },
    { depth: nodes, activations },
  ) =>
    enasRnnController({
      ...{ hiddenUnits, temperature, tanhConstant, operationTanhConstant },
      ...{ nodes, activations },
    }),
};

/** A step for each of the space's choices. */
const anyController: MakeController<SpaceChoice> = (
  { hiddenUnits, temperature, operationTanhConstant },
  space,
) => {
  const { decisions } = chosenSpace(space);
  if (decisions === undefined)
    throw new Error(`space ${space.name}: ENAS needs genotypes that are a list of choices`);
  return categoricalController({
    ...{ hiddenUnits, temperature, tanhConstant: operationTanhConstant },
    sizes: decisions.sizes,
  });
};

/** A controller, and the architectures that its decisions are. */
export interface SearchController {
  readonly controller: Controller;
  genotypeOf(choices: readonly number[]): Json;
  /** Runs of decisions by which a layer says which of those before it it reads: [first decision, bits]. */
  readonly anchors: readonly (readonly [first: number, bits: number])[];
}

/**
 * The controller of an ENAS search. Its decisions are those of the space, in their order; that of recurrent
 * cells also makes the one of which there is one way, and its decisions are the cell as it is printed.
 */
export const enasController = ({ space, strategy: { controller } }: SearchSpec<'enas'>): SearchController => {
  const own = (CONTROLLERS as Partial<Record<SpaceName, MakeController<SpaceChoice>>>)[space.name];
  const { operationTanhConstant = controller.tanhConstant } = controller;
  const made = (own ?? anyController)({ ...controller, operationTanhConstant }, space);
  const { decisions, validate } = chosenSpace(space);
  return {
    controller: made,
    genotypeOf: (choices) =>
      decisions?.sizes.length === made.decisions
        ? (decisions.fromChoices(choices) as Json)
        : validate([...choices]),
    anchors: decisions?.anchors ?? [],
  };
};
