import type { SearchSpec } from '../../job/program-spec.ts';
import { chosenSpace, type SpaceChoice, type SpaceName } from '../../space/registry.ts';
import { MACRO_OPERATIONS } from '../../space/enas-macro.ts';
import { MICRO_NODES, MICRO_OPERATIONS } from '../../space/enas-micro.ts';
import { categoricalController } from '../controllers/categorical.ts';
import type { Controller } from '../controllers/controller.ts';
import { enasMacroController } from '../controllers/enas-macro.ts';
import { enasMicroController } from '../controllers/enas-micro.ts';

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

/** The controller of an ENAS search: its decisions are those of the space, in their order. */
export const enasController = ({ space, strategy: { controller } }: SearchSpec<'enas'>): Controller => {
  const own = (CONTROLLERS as Partial<Record<SpaceName, MakeController<SpaceChoice>>>)[space.name];
  const { operationTanhConstant = controller.tanhConstant } = controller;
  return (own ?? anyController)({ ...controller, operationTanhConstant }, space);
};
