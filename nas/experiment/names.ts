import { spaceSchema } from '../space/space-schema.ts';
import { strategySchema } from './experiment.ts';

/** Every search space that an experiment may name. */
export const SPACE_NAMES: readonly string[] = spaceSchema.options.map(({ shape }) => shape.name.value);

/** Every strategy that an experiment may name. */
export const STRATEGY_NAMES: readonly string[] = strategySchema.options.map(({ shape }) => shape.name.value);
