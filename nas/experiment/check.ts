import type { Place } from '../core/place.ts';
import type { InputError } from '../core/input-error.ts';
import type { Experiment } from './experiment.ts';

/** A contradiction that an experiment may have, each place where it has it. */
export type Check = (experiment: Experiment, place: Place) => Iterable<InputError>;
