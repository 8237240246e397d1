import { strategySchema } from './experiment.ts';

/** Every strategy that an experiment may name. */
export const STRATEGY_NAMES: readonly string[] = strategySchema.options.map(({ shape }) => shape.name.value);
