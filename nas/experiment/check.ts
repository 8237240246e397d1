import type { InputError } from '../core/input-error.ts';
import type { Experiment } from './experiment.ts';

/** Where a field stands in the experiment's document. */
export type Place = (path: readonly (string | number)[]) => string;
/** A contradiction that an experiment may have, each place where it has it. */
export type Check = (experiment: Experiment, place: Place) => Iterable<InputError>;
