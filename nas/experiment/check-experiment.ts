import type { AskedOfData, DataFacts } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import { termsOf } from '../task/terms.ts';
import type { Experiment } from './experiment.ts';
import { checkMetric } from './check-metric.ts';
import { checkBlackBox } from './check-black-box.ts';
import { givenCell } from './given-cell.ts';
import { inputError, thrownInputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import { isBlackBox } from '../search/strategy-schema.ts';

type Place = (path: readonly (string | number)[]) => string;
/** A contradiction that an experiment may have, each place where it has it. */
export type Check = (experiment: Experiment, place: Place) => Iterable<InputError>;

const firstRepeated = (seeds: readonly number[]): number | undefined =>
  seeds.find((seed, i) => seeds.indexOf(seed) !== i);

/** Cells that one search seed proposes at most. */
const candidatesPerSearch = ({ strategy, stages }: Experiment): number => {
  if (strategy.name === 'random-weight-sharing' || strategy.name === 'enas') return strategy.candidates;
  if (strategy.name === 'smash') return strategy.candidates + strategy.perturbations + strategy.chain;
  return stages.search.evaluations ?? 1;
};

/** What a mixture network cannot be trained with. */
function* checkMixtureRecipe({ strategy, stages }: Experiment, place: Place): Generator<InputError> {
  if (strategy.name !== 'darts' && strategy.name !== 'snas') return;
  const { recipe } = stages.search;
  for (const field of ['auxiliaryWeight', 'dropPath', 'dropout', 'emaDecay'] as const)
    if (recipe[field] !== 0)
      yield inputError(
        place(['stages', 'search', 'recipe', field]),
        recipe[field],
        `0 while ${strategy.name} searches`,
        'leave it out in stages.search; stages.retrain and stages.evaluate may have it',
      );
  if (strategy.name === 'snas' && strategy.temperature.final > strategy.temperature.initial)
    yield inputError(
      place(['strategy', 'temperature', 'final']),
      strategy.temperature.final,
      `at most strategy.temperature.initial = ${strategy.temperature.initial}`,
      'samples become one-hot as the temperature falls: lower final or raise initial',
    );
  const { optimizer } = recipe;
  if (
    strategy.name === 'darts' &&
    strategy.optimization === 'second-order' &&
    (optimizer.kind !== 'sgd' || optimizer.nesterov)
  )
    yield inputError(
      place(['stages', 'search', 'recipe', 'optimizer']),
      optimizer.kind === 'sgd' ? 'sgd with nesterov' : optimizer.kind,
      'sgd without nesterov: the second-order term is that of one such step ahead',
      'use kind: sgd, or strategy.optimization: first-order',
    );
}

/** Only supernets of edges keep running statistics of batch norm; in the other spaces every child has its own. */
function* checkScoreStatistics({ space, strategy }: Experiment, place: Place): Generator<InputError> {
  if (
    strategy.name === 'random-weight-sharing' &&
    strategy.scoreStatistics === 'running' &&
    !['darts-cnn', 'nas-bench-201'].includes(space.name)
  )
    yield inputError(
      place(['strategy', 'scoreStatistics']),
      'running',
      `batch in the space ${space.name}: its children share no running statistics`,
      'write scoreStatistics: batch',
    );
}

/** What the weights that ENAS' and SMASH's architectures share cannot be trained with. */
function* checkSharedRecipe({ stages, strategy }: Experiment, place: Place): Generator<InputError> {
  if (strategy.name !== 'enas' && strategy.name !== 'smash') return;
  for (const field of ['auxiliaryWeight', 'dropPath', 'emaDecay'] as const)
    if (stages.search.recipe[field] !== 0)
      yield inputError(
        place(['stages', 'search', 'recipe', field]),
        stages.search.recipe[field],
        `0 while ${strategy.name} searches`,
        'leave it out in stages.search; stages.retrain and stages.evaluate may have it',
      );
}

/** The widest operation writes to different units of memory. */
function* checkSmashSpace({ space }: Experiment, place: Place): Generator<InputError> {
  if (space.name === 'smash' && space.maxWidth > 6 * space.width)
    yield inputError(
      place(['space', 'maxWidth']),
      space.maxWidth,
      `at most the ${6 * space.width} units of memory of the first block, six times space.width`,
      'lower maxWidth or raise width',
    );
}

/** A given cell and a search exclude each other. */
function* checkGiven(experiment: Experiment, place: Place): Generator<InputError> {
  const { strategy, stages, genotype, origin } = experiment;
  if (strategy.name === 'given') {
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

/** Rounds are equal, and each has the cells that it re-scores. */
function* checkRounds({ strategy }: Experiment, place: Place): Generator<InputError> {
  if (strategy.name !== 'random-weight-sharing') return;
  const { candidates, rounds, rescore } = strategy;
  if (candidates % rounds !== 0)
    return yield inputError(
      place(['strategy', 'rounds']),
      rounds,
      `a divisor of strategy.candidates = ${candidates}`,
      'rounds are of equal size',
    );
  if (rescore > candidates / rounds)
    yield inputError(
      place(['strategy', 'rescore']),
      rescore,
      rounds === 1
        ? `at most strategy.candidates = ${candidates}`
        : `at most the ${candidates / rounds} candidates of a round`,
      'lower rescore or raise candidates',
    );
}

/** A gate needs searches that rank cells, and enough of them. */
function* checkGate(experiment: Experiment, place: Place): Generator<InputError> {
  const { gate, strategy, stages } = experiment;
  if (gate === undefined) return;
  const ranked = candidatesPerSearch(experiment);
  if (strategy.name === 'given' || isBlackBox(strategy) || ranked === 1)
    return yield inputError(
      place(['gate']),
      strategy.name,
      'strategies that rank many cells by shared weights: random-weight-sharing, enas, smash',
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
  if (strategy.name === 'given' || (isBlackBox(strategy) && stages.search.evaluations === undefined)) return;
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

/** What moves an architecture needs all digits. */
function* checkSearchPrecision({ stages, strategy }: Experiment, place: Place): Generator<InputError> {
  const { precision } = stages.search.recipe;
  if (precision !== 'float32' && ['darts', 'snas', 'enas', 'smash'].includes(strategy.name))
    yield inputError(
      place(['stages', 'search', 'recipe', 'precision']),
      precision,
      `float32 while ${strategy.name} searches: rounding drowns the differences that move the architecture`,
      'leave it out in stages.search; stages.retrain and stages.evaluate may have it',
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
 * Counts that fit their bounds one by one and contradict each other. Every check lists all that it finds, whatever the others find.
 */
export const EXPERIMENT_CHECKS: readonly Check[] = [
  checkSeeds('search'),
  checkSeeds('evaluate'),
  checkRounds,
  checkGiven,
  checkGate,
  checkBlackBox,
  checkMetric,
  checkTopK,
  checkSearchPrecision,
  checkMixtureRecipe,
  checkScoreStatistics,
  checkSharedRecipe,
  checkSmashSpace,
  ...(['search', 'retrain', 'evaluate'] as const).flatMap((stage) => [
    checkPrecision(stage),
    checkWarmUp(stage),
  ]),
  checkRehearsal,
  checkInterval,
];

/** Stages that train something: a given cell is not searched for, and stage 2's recipe also selects a baseline that is not brought. */
const trainingStages = ({
  strategy,
  origin,
  stages,
}: Experiment): readonly ('search' | 'retrain' | 'evaluate')[] => [
  ...(strategy.name === 'given' ? [] : (['search'] as const)),
  ...(origin === undefined || stages.retrain.topK > 0 ? (['retrain'] as const) : []),
  'evaluate',
];

/**
 * Counts that the data set decides; `trainCounts` are the training examples of each class (the data set's own validation split
 * included), taken to be equal where they are not known. Throws `InputError`.
 */
export const checkAgainstDataset = (
  experiment: Experiment,
  dataset: DataFacts,
  place: Place,
  trainCounts?: readonly number[],
): void => {
  const task = taskOf(experiment.task.kind);
  const { example } = termsOf(experiment.task.kind);
  const asked: AskedOfData = {
    validationFraction: experiment.task.validationFraction,
    stages: trainingStages(experiment).map((name) => ({
      name,
      augmentation: experiment.stages[name].augmentation,
    })),
    searches: experiment.strategy.name !== 'given',
    memoryMiB: experiment.resources.memoryMiB,
    place,
  };
  const { train, validation } = task.split(dataset, asked, trainCounts);
  const available = { search: train, retrain: train, evaluate: dataset.splits.train.count };
  for (const { name: stage } of asked.stages) {
    const { batchSize } = experiment.stages[stage].recipe;
    if (batchSize > available[stage])
      throw inputError(
        place(['stages', stage, 'recipe', 'batchSize']),
        batchSize,
        `at most the ${available[stage]} training ${example}s that ${dataset.name} leaves this stage`,
        'choose a smaller batch',
      );
  }
  if (
    ['enas', 'smash'].includes(experiment.strategy.name) &&
    experiment.stages.search.recipe.batchSize > validation
  )
    throw inputError(
      place(['stages', 'search', 'recipe', 'batchSize']),
      experiment.stages.search.recipe.batchSize,
      `at most the ${validation} validation ${example}s of ${dataset.name}: architectures are scored on whole minibatches`,
      'choose a smaller batch, or hold out more',
    );
  task.check(dataset, asked);
};
