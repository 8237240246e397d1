import type { SearchSpec } from '../../job/job.ts';
import { chosenSpace } from '../../space/registry.ts';
import { MACRO_OPERATIONS } from '../../space/enas-macro.ts';
import { MICRO_NODES, MICRO_OPERATIONS } from '../../space/enas-micro.ts';
import { categoricalController } from '../controllers/categorical.ts';
import type { Controller } from '../controllers/controller.ts';
import { enasMacroController } from '../controllers/enas-macro.ts';
import { enasMicroController } from '../controllers/enas-micro.ts';

/** The controller of an ENAS search: its decisions are those of the space, in their order. */
export const enasController = ({ space, strategy }: SearchSpec<'enas'>): Controller => {
  const { hiddenUnits, temperature, tanhConstant, skipTarget } = strategy.controller;
  const operationTanhConstant = strategy.controller.operationTanhConstant ?? tanhConstant;
  const settings = { hiddenUnits, temperature, tanhConstant, operationTanhConstant };
  switch (space.name) {
    case 'enas-macro':
      return enasMacroController({
        ...settings,
        depth: space.depth,
        operations: MACRO_OPERATIONS.length,
        skipTarget,
      });
    case 'enas-micro':
      return enasMicroController({ ...settings, nodes: MICRO_NODES, operations: MICRO_OPERATIONS.length });
    default: {
      const { decisions } = chosenSpace(space);
      if (decisions === undefined)
        throw new Error(`space ${space.name}: ENAS needs genotypes that are a list of choices`);
      return categoricalController({
        hiddenUnits,
        temperature,
        tanhConstant: operationTanhConstant,
        sizes: decisions.sizes,
      });
    }
  }
};
