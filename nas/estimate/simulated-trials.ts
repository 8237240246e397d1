import type { Json } from '../core/json.ts';
import { randomFromSeed } from '../core/random.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { programOf, searchJobs, trialJob } from '../protocol/plan.ts';
import type { Passes } from '../search/one-job/course.ts';
import type { StrategyEntry } from '../search/registry.ts';
import { optionsOf, type BlackBoxChoice } from '../search/strategy-schema.ts';
import { createTrialSearch } from '../search/trial-search.ts';
import type { TrialToRun } from '../search/trial-search.ts';
import { chosenSpace } from '../space/registry.ts';
import type { Space } from '../space/space.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import { taskOf } from '../task/tasks.ts';
import { passesOf } from '../training/programs/passes.ts';

/** A trial that would be trained. */
export interface SimulatedTrial {
  /** Equal for trials of one network. */
  readonly network: string;
  /** What it passes beyond what it goes on from. */
  readonly passes: Passes;
}

/** Networks of a space by their numbers: what they are does not matter to a schedule. */
const numbered = (space: Space): Space => {
  const { size = Number.MAX_SAFE_INTEGER } = space.describe();
  return {
    ...space,
    sample: (random) => Math.floor(random.uniform() * Math.min(size, Number.MAX_SAFE_INTEGER)),
    print: String,
    parse: Number,
    hash: String,
  };
};

/** What a trial takes of a full training, of a network that goes on. */
const lengthOf = ({ fidelity, earlier }: TrialToRun): number => fidelity - (earlier.at(-1) ?? 0);

/**
 * The trials of a search with rungs: its own schedule, with scores of chance and as many jobs in flight as
 * the experiment says, one where nothing says it, each as long as what it trains. Returns a function of the
 * seed of all chance.
 */
export const simulatedTrials = (
  experiment: Experiment,
  strategy: BlackBoxChoice,
  schedule: NonNullable<StrategyEntry['schedule']>,
  dataset: DatasetManifest,
): ((seed: number) => readonly SimulatedTrial[]) => {
  const { search } = experiment.stages;
  const space = numbered(chosenSpace(experiment.space));
  const [job] = searchJobs(experiment);
  if (job === undefined) throw new Error(`${experiment.name}: no search`);
  const bound = schedule.strategy.bind(space);
  const options: Json = schedule.options(optionsOf(strategy));
  const known = new Map<string, Passes>();
  /** Up to its last rung, from the first step on. */
  const wholePasses = (trial: TrialToRun): Passes => {
    const planned = trialJob(experiment, job, trial);
    const key = planned.rungs.join();
    const spec = programOf(experiment, planned);
    const passes = known.get(key) ?? passesOf(spec, taskOf(dataset.task).cuts(dataset, spec));
    known.set(key, passes);
    return passes;
  };

  return (seed) => {
    const trials = createTrialSearch({
      strategy: bound,
      space,
      evaluations: search.evaluations ?? 0,
      options,
      seed,
      order: search.order ?? 'reproducible',
    });
    const random = randomFromSeed(seed);
    const done: SimulatedTrial[] = [];
    const passed = new Map<string, Passes>();
    const running: { readonly id: string; readonly end: number }[] = [];
    let clock = 0;
    for (;;) {
      trials.advance(experiment.resources.parallelism ?? 1, Infinity);
      for (const trial of trials.take()) {
        const whole = wholePasses(trial);
        const before = passed.get(trial.continues ?? '') ?? { trained: 0, scored: 0 };
        passed.set(trial.id, whole);
        done.push({
          network: trial.hash,
          passes: { trained: whole.trained - before.trained, scored: whole.scored - before.scored },
        });
        running.push({ id: trial.id, end: clock + lengthOf(trial) });
      }
      if (trials.done) return done;
      const next = running.reduce((first, one) => (one.end < first.end ? one : first));
      running.splice(running.indexOf(next), 1);
      clock = next.end;
      trials.settle(next.id, { kind: 'score', value: random.uniform() });
    }
  };
};
