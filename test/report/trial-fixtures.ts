import type { RunDocuments } from '../../nas/report/build-report.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import type { SearchResult } from '../../nas/job/program-result.ts';
import { withStrategyDefaults } from '../../nas/experiment/check-black-box.ts';
import { experimentSchema } from '../../nas/experiment/experiment.ts';
import { settledExperimentSchema } from '../../nas/experiment/settled-experiment.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { optionsOf } from '../../nas/search/strategy-schema.ts';
import type { BlackBoxChoice } from '../../nas/search/strategy-schema.ts';
import { trialJobId } from '../../nas/job/trial-job-id.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import type { LoggedTrial, TrialEnd, TrialEvent } from '../../nas/search/trial-log.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { endUnder } from '../../nas/search/objective.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { createTrialSearch } from '../../nas/search/trial-search.ts';
import { finishedRun } from './fixtures.ts';

const EPOCH = Date.parse('2026-11-22T08:00:00Z');
/** Every trial trains for this long, two side by side, on a machine of its own. */
export const TRIAL_SECONDS = 20;
const PARALLELISM = 2;
export const LIMIT = 90;

/** What training the network would come to: good ones are large. */
const trained = (genotype: string): TrialEnd => {
  const noise = randomFromSeed(deriveSeed(5, genotype));
  const strong = genotype.split('sep_conv_3x3').length - 1;
  return {
    kind: 'score',
    value: 0.5 + 0.05 * strong + 0.02 * noise.uniform(),
    measures: { parameters: 10 + 20 * strong + noise.int(5), multiplyAdds: 1000 * (1 + strong) },
    spent: { multiplyAdds: 6e9, images: 1000, attempts: 1, reclaims: 0, seconds: TRIAL_SECONDS },
  };
};

const attemptOf = (jobId: string, slot: number): AttemptRecord => ({
  jobId,
  epoch: 1,
  batchJobId: `batch-${jobId}`,
  batchAttempt: 1,
  host: 'host-1',
  startedAt: new Date(EPOCH + 1000 * TRIAL_SECONDS * slot).toISOString(),
  endedAt: new Date(EPOCH + 1000 * TRIAL_SECONDS * (slot + 1)).toISOString(),
  outcome: 'succeeded',
  fromStep: 0,
  toStep: 10,
});

/**
 * A finished run whose stage 1 searched by trials with the strategy: real proposals of two seeds, one network
 * that could not be trained, one trial that was reclaimed and went on. Networks beyond `LIMIT` parameters are
 * infeasible.
 */
export const runByTrials = (
  strategy: Readonly<Record<string, unknown>>,
  objective: Readonly<Record<string, unknown>> = { limits: { parameters: { max: LIMIT } } },
): RunDocuments => {
  const whole = finishedRun();
  const experiment = settledExperimentSchema.parse(
    withStrategyDefaults(
      experimentSchema.parse({
        name: 'quickstart',
        space: { name: 'darts-cnn' },
        strategy,
        task: { data: 'fashion-mnist-small' },
        stages: { search: { seeds: [0, 1], evaluations: 60, objective }, evaluate: { seeds: [0, 1, 2] } },
        resources: { parallelism: PARALLELISM },
      }),
    ),
  );
  const space = chosenSpace(experiment.space);
  const choice = experiment.strategy as BlackBoxChoice;
  const trials: Record<string, readonly LoggedTrial[]> = {};
  const results = { ...whole.results };
  const attempts = Object.fromEntries(
    Object.entries(whole.attempts).filter(([jobId]) => !jobId.startsWith('stage-1/')),
  );
  for (const seed of experiment.stages.search.seeds) {
    const jobId = `stage-1/seed-${seed}`;
    const search = createTrialSearch({
      strategy: STRATEGIES[choice.name].bind(space),
      space,
      evaluations: 60,
      options: optionsOf(choice),
      seed,
      order: 'reproducible',
    });
    const events: TrialEvent[] = [];
    let launched = 0;
    for (;;) {
      const more = search.advance(PARALLELISM, 100);
      events.push(...more);
      for (const { id, genotype } of search.take()) {
        const trialId = trialJobId(jobId, id);
        const attempt = attemptOf(trialId, Math.floor(launched / PARALLELISM));
        const reclaimed = seed === 0 && launched === 0;
        attempts[trialId] = reclaimed
          ? [
              { ...attempt, outcome: 'preempted' },
              { ...attempt, epoch: 2, fromStep: 4 },
            ]
          : [attempt];
        const end: TrialEnd =
          launched === 4
            ? {
                kind: 'infeasible',
                reason: 'diverged: loss is NaN',
                spent: { multiplyAdds: 0, images: 0, attempts: 1, reclaims: 0, seconds: 1 },
              }
            : endUnder(experiment.stages.search.objective, trained(genotype));
        search.settle(id, end);
        launched++;
      }
      if (search.done) break;
    }
    trials[jobId] = trialsOf(events);
    const summary = search.summary();
    const scored = trials[jobId].flatMap(({ genotype, end, copyOf }) =>
      end?.kind === 'score' && copyOf === undefined ? [{ genotype, score: end.value }] : [],
    );
    results[jobId] = {
      ...(whole.results[jobId] as SearchResult),
      candidates: scored.sort((a, b) => b.score - a.score),
      curve: [],
      ...(Object.keys(summary).length === 0 ? {} : { summary }),
    };
  }
  return { ...whole, run: { ...whole.run, experiment }, results, attempts, trials };
};
