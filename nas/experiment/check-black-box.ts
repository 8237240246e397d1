import type { Json } from '../core/json.ts';
import { TABULAR_SPACES } from '../benchmark/formats.ts';
import { ONE_JOB_SEARCHES, isOneJob, oneJobSearchOf } from '../search/one-job/registry.ts';
import type { OneJobSearch } from '../search/one-job/one-job-search.ts';
import { STRATEGIES, strategiesFor } from '../search/registry.ts';
import type { Place } from '../core/place.ts';
import type { Experiment } from './experiment.ts';
import { InputError, inputError, thrownInputErrors } from '../core/input-error.ts';
import { checkMeasures, soughtMeasures, TRIAL_MEASURES } from './measures.ts';
import { epochsAt } from './epochs-at.ts';
import { chosenSpace } from '../space/registry.ts';
import { isBlackBox, optionsOf } from '../search/strategy-schema.ts';
import type { BlackBoxChoice } from '../search/strategy-schema.ts';

/** Every strategy that an experiment on this space may name. */
const strategiesOn = (experiment: Experiment): readonly string[] => [
  ...Object.values<OneJobSearch>(ONE_JOB_SEARCHES).flatMap(({ name, spaces }) =>
    spaces.includes(experiment.space.name) ? [name] : [],
  ),
  ...strategiesFor(chosenSpace(experiment.space)),
];

/** Why the strategy cannot search the space, or undefined; a given cell may be of any. */
const refusalOf = ({ strategy, space }: Experiment): string | undefined => {
  if (isBlackBox(strategy)) return STRATEGIES[strategy.name].refuses(chosenSpace(space));
  if (!isOneJob(strategy)) return undefined;
  const { spaces } = oneJobSearchOf(strategy);
  return spaces.includes(space.name) ? undefined : `it searches ${spaces.join(', ')}`;
};

function* checkSpace(experiment: Experiment, place: Place): Generator<InputError> {
  const { strategy, space } = experiment;
  const refused = refusalOf(experiment);
  if (refused !== undefined)
    yield inputError(
      place(['strategy', 'name']),
      strategy.name,
      strategiesOn(experiment).join(', '),
      `${strategy.name} cannot search ${space.name}: ${refused}; choose one of the allowed`,
    );
}

/** Options that fit their bounds and contradict one another or the budget. */
function* checkOptions(
  experiment: Experiment,
  strategy: BlackBoxChoice,
  place: Place,
): Generator<InputError> {
  const { evaluations = 1, seeds } = experiment.stages.search;
  try {
    STRATEGIES[strategy.name]
      .bind(chosenSpace(experiment.space))
      .init({ evaluations, options: optionsOf(strategy) }, seeds[0] as number);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = error.message.replace(/^strategy[.\w]*/, (field) => place(field.split('.')));
    yield new InputError(message, { cause: error });
  }
}

/** A rung ends with an epoch, and each is longer than the one before. */
function* checkRungs(experiment: Experiment, strategy: BlackBoxChoice, place: Place): Generator<InputError> {
  const { epochs } = experiment.stages.search.recipe;
  const fidelities = STRATEGIES[strategy.name].fidelities(optionsOf(strategy));
  const lengths = fidelities.map((fidelity) => epochsAt(experiment, fidelity));
  if (lengths.every((length, rung) => rung === 0 || length > (lengths[rung - 1] as number))) return;
  const share = Math.round(1 / (fidelities[0] as number));
  yield inputError(
    place(['stages', 'search', 'recipe', 'epochs']),
    epochs,
    `at least ${share}, so that the first of ${lengths.length} rungs, 1/${share} of the epochs, has one`,
    'train longer, or raise strategy.minFidelity',
  );
}

/** Trials are looked up where benchmarks have tables. */
function* checkTable({ space, stages }: Experiment, place: Place): Generator<InputError> {
  const { table } = stages.search;
  if (table !== undefined && !(TABULAR_SPACES as readonly string[]).includes(space.name))
    yield inputError(
      place(['stages', 'search', 'table']),
      table.name,
      `left out while ${space.name} is searched: there are tables of ${TABULAR_SPACES.join(', ')}`,
      'remove the field, or search one of these spaces',
    );
}

/** The last epochs that score a trial are those of one full training. */
function* checkScoredEpochs(
  experiment: Experiment,
  strategy: BlackBoxChoice,
  place: Place,
): Generator<InputError> {
  const { scoreOfLast, recipe, table } = experiment.stages.search;
  if (scoreOfLast === undefined) return;
  const refused = (allowed: string, fix: string) =>
    inputError(place(['stages', 'search', 'scoreOfLast']), scoreOfLast, allowed, fix);
  if (table !== undefined)
    return yield refused(
      'left out where trials are looked up in a table',
      'choose another table.column, or train',
    );
  if (STRATEGIES[strategy.name].multiFidelity)
    return yield refused(
      `left out while ${strategy.name} searches: its rungs say after which epochs a trial is scored`,
      'remove the field, or choose a strategy that trains every trial in full',
    );
  if (scoreOfLast > recipe.epochs)
    yield refused(`1 to the ${recipe.epochs} epochs of a trial`, 'score fewer epochs, or train longer');
}

/** What stage 1 of a search by trials needs, and other searches must not have. */
export function* checkBlackBox(experiment: Experiment, place: Place): Generator<InputError> {
  const { strategy, stages } = experiment;
  const refused = [...checkSpace(experiment, place)];
  yield* refused;
  if (!isBlackBox(strategy)) {
    for (const field of ['evaluations', 'order', 'table', 'objective', 'scoreOfLast'] as const)
      if (stages.search[field] !== undefined)
        yield inputError(
          place(['stages', 'search', field]),
          stages.search[field],
          `left out while ${strategy.name} searches: it has no trials`,
          'remove the field, or choose a strategy that trains trials',
        );
    return;
  }
  const { evaluations, table } = stages.search;
  if (evaluations === undefined)
    yield inputError(
      place(['stages', 'search', 'evaluations']),
      null,
      'integers ≥ 1',
      `write how many networks ${strategy.name} may train for each search seed`,
    );
  // What the options must fit is not known without the evaluations, nor where the strategy cannot search the
  // space.
  const known = evaluations !== undefined && refused.length === 0;
  if (known) yield* checkOptions(experiment, strategy, place);
  // Of look-ups the measures are the table's columns, which are checked where the table is at hand.
  const measures = table === undefined ? TRIAL_MEASURES : soughtMeasures(experiment);
  yield* thrownInputErrors(() =>
    checkMeasures(experiment, measures, place, () => 'name something that is measured'),
  );
  if (known && STRATEGIES[strategy.name].multiFidelity) yield* checkRungs(experiment, strategy, place);
  yield* checkScoredEpochs(experiment, strategy, place);
  yield* checkTable(experiment, place);
}

/** The experiment with every option of a black-box strategy, whose defaults may depend on the evaluations. */
export const withStrategyDefaults = (experiment: Experiment): Experiment => {
  const { strategy, stages } = experiment;
  const { evaluations } = stages.search;
  if (!isBlackBox(strategy) || evaluations === undefined) return experiment;
  const options = STRATEGIES[strategy.name].options(evaluations).parse(optionsOf(strategy));
  return { ...experiment, strategy: { name: strategy.name, ...(options as Record<string, Json>) } };
};
