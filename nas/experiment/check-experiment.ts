import type { Experiment } from './experiment.ts';
import { checkMetric } from './check-metric.ts';
import { checkTaskOfSpace } from './check-task.ts';
import type { Place } from '../core/place.ts';
import type { Check } from './check.ts';
import { checkBlackBox } from './check-black-box.ts';
import { checkClaim } from './claim.ts';
import { givenCell } from './given-cell.ts';
import { inputError, thrownInputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import { isGiven } from '../search/given.ts';
import { isOneJob, oneJobSearchOf, rankingSearches } from '../search/one-job/registry.ts';
import { oneJobToCheck } from './one-job-to-check.ts';
import { definitionOf } from '../space/registry.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

const firstRepeated = (seeds: readonly number[]): number | undefined => {
  const seen = new Set<number>();
  return seeds.find((seed) => seen.size === seen.add(seed).size);
};

/** Cells that one search seed proposes at most. */
const candidatesPerSearch = ({ strategy, stages }: Experiment): number =>
  isOneJob(strategy)
    ? (oneJobSearchOf(strategy).candidates?.(strategy) ?? 1)
    : (stages.search.evaluations ?? 1);

/** What a search of one job says of itself. */
function* checkOneJob(experiment: Experiment, place: Place): Generator<InputError> {
  const { strategy } = experiment;
  if (!isOneJob(strategy)) return;
  const { optimizer } = experiment.stages.search.recipe;
  if (optimizer.kind === 'asgd')
    yield inputError(
      place(['stages', 'search', 'recipe', 'optimizer', 'kind']),
      optimizer.kind,
      `another optimizer while ${strategy.name} searches: it would never average`,
      'write kind: sgd',
    );
  yield* oneJobSearchOf(strategy).check?.(oneJobToCheck(strategy, experiment, place)) ?? [];
}

/** What a space says of its own options. */
const checkSpaceOptions: Check = ({ space }, place) => definitionOf(space.name).check(space, place);

/** A given cell and a search exclude each other. */
function* checkGiven(experiment: Experiment, place: Place): Generator<InputError> {
  const { strategy, stages, genotype, origin } = experiment;
  if (isGiven(strategy)) {
    yield* thrownInputErrors(() => givenCell(experiment, place(['genotype'])));
    if (stages.retrain.topK > 1)
      yield inputError(
        place(['stages', 'retrain', 'topK']),
        stages.retrain.topK,
        '0 or 1 for a given cell',
        'write 1, or 0 to go straight to stage 3',
      );
    return;
  }
  for (const [field, value] of Object.entries({ genotype, origin }))
    if (value !== undefined)
      yield inputError(
        place([field]),
        value,
        `left out while ${strategy.name} searches`,
        'write strategy: { name: given } to train a given cell',
      );
  if (stages.retrain.topK === 0)
    yield inputError(
      place(['stages', 'retrain', 'topK']),
      0,
      'at least 1: stage 2 chooses among the cells that were found',
      'write 1 or more',
    );
}

/** A gate needs searches that rank cells, and enough of them. */
function* checkGate(experiment: Experiment, place: Place): Generator<InputError> {
  const { gate, strategy, stages } = experiment;
  if (gate === undefined) return;
  const ranked = candidatesPerSearch(experiment);
  if (!isOneJob(strategy) || ranked === 1)
    return yield inputError(
      place(['gate']),
      strategy.name,
      `strategies that rank many cells by shared weights: ${rankingSearches().join(', ')}`,
      'leave gate out',
    );
  const { schedule } = stages.retrain.recipe;
  if ('warmupEpochs' in schedule && schedule.warmupEpochs >= gate.epochs)
    yield inputError(
      place(['gate', 'epochs']),
      gate.epochs,
      `more than the ${schedule.warmupEpochs} warm-up epochs of stages.retrain.recipe`,
      'train the sample longer',
    );
  const found = ranked * stages.search.seeds.length;
  if (gate.cells > found)
    yield inputError(
      place(['gate', 'cells']),
      gate.cells,
      `at most the ${found} cells that stage 1 ranks`,
      'sample fewer',
    );
  if (gate.topK < stages.retrain.topK || gate.topK > found)
    yield inputError(
      place(['gate', 'topK']),
      gate.topK,
      `from stages.retrain.topK = ${stages.retrain.topK} to the ${found} cells that stage 1 ranks`,
      'a low τ widens the choice of stage 2',
    );
}

/** Seeds of a stage name different trainings. */
const checkSeeds = (stage: 'search' | 'evaluate'): Check =>
  function* ({ stages }, place) {
    const twice = firstRepeated(stages[stage].seeds);
    if (twice !== undefined)
      yield inputError(
        place(['stages', stage, 'seeds']),
        stages[stage].seeds,
        'different seeds',
        `write seed ${twice} once`,
      );
  };

/** Stage 2 chooses among cells that stage 1 finds. */
function* checkTopK(experiment: Experiment, place: Place): Generator<InputError> {
  const { stages, strategy } = experiment;
  // What a given cell allows is said there, and without evaluations nothing is known.
  if (isGiven(strategy) || (isBlackBox(strategy) && stages.search.evaluations === undefined)) return;
  const each = candidatesPerSearch(experiment);
  const found = stages.search.seeds.length * each;
  if (stages.retrain.topK > found)
    yield inputError(
      place(['stages', 'retrain', 'topK']),
      stages.retrain.topK,
      `at most ${found}: ${stages.search.seeds.length} search seeds × ${each} candidates`,
      each === 1
        ? 'lower topK or search with more seeds: each finds one cell'
        : 'lower topK, or raise the seeds or the candidates',
    );
}

const checkPrecision = (stage: 'search' | 'retrain' | 'evaluate'): Check =>
  function* ({ stages, resources }, place) {
    if (stages[stage].recipe.precision === 'mixed' && resources.gpus === 0)
      yield inputError(
        place(['stages', stage, 'recipe', 'precision']),
        stages[stage].recipe.precision,
        'float32 or auto without a GPU',
        'write precision: auto, or set resources.gpus',
      );
  };

const checkWarmUp = (stage: 'search' | 'retrain' | 'evaluate'): Check =>
  function* ({ stages }, place) {
    const { schedule, epochs } = stages[stage].recipe;
    if ('warmupEpochs' in schedule && schedule.warmupEpochs >= epochs)
      yield inputError(
        place(['stages', stage, 'recipe', 'schedule', 'warmupEpochs']),
        schedule.warmupEpochs,
        `less than the stage's ${epochs} epochs`,
        'shorten the warm-up or train longer',
      );
  };

function* checkRehearsal({ rehearsal, resources }: Experiment, place: Place): Generator<InputError> {
  if (rehearsal.reclaims >= resources.attempts)
    yield inputError(
      place(['rehearsal', 'reclaims']),
      rehearsal.reclaims,
      `less than resources.attempts = ${resources.attempts}`,
      'leave an attempt for finishing the job',
    );
}

function* checkInterval({ checkpoint, resources }: Experiment, place: Place): Generator<InputError> {
  if (checkpoint.intervalSeconds !== 'auto' && checkpoint.intervalSeconds > resources.timeoutSeconds)
    yield inputError(
      place(['checkpoint', 'intervalSeconds']),
      checkpoint.intervalSeconds,
      `at most resources.timeoutSeconds = ${resources.timeoutSeconds}`,
      'checkpoint more often than the job may last',
    );
}

/**
 * Counts that fit their bounds one by one and contradict each other. Every check lists all that it finds,
 * whatever the others find.
 */
export const EXPERIMENT_CHECKS: readonly Check[] = [
  checkSeeds('search'),
  checkSeeds('evaluate'),
  checkOneJob,
  checkGiven,
  checkClaim,
  checkGate,
  checkBlackBox,
  checkTaskOfSpace,
  checkMetric,
  checkTopK,
  checkSpaceOptions,
  ...(['search', 'retrain', 'evaluate'] as const).flatMap((stage) => [
    checkPrecision(stage),
    checkWarmUp(stage),
  ]),
  checkRehearsal,
  checkInterval,
];
