import { programResultSchema } from '../../nas/job/program-result.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import { isBlackBox } from '../../nas/search/strategy-schema.ts';
import { trialJobId } from '../../nas/job/trial-job-id.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import type { LoggedTrial } from '../../nas/search/trial-log.ts';
import { withoutWeights } from '../../nas/search/objective.ts';
import type { Objective } from '../../nas/search/objective.ts';
import { readDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { readTrialLog } from '../../store/trial-log.ts';

/** One network that a search tried. */
export interface TrialRow {
  /** `t-000042` of a search by trials, `c-000001` for the best candidate of a search in one job. */
  readonly id: string;
  /** Of the search. */
  readonly seed: number;
  /** Where its training is found, for `nas logs`; absent where nothing was trained for it alone. */
  readonly job?: string;
  readonly status: 'scored' | 'infeasible' | 'lost' | 'unfinished';
  /** What the strategy learnt: higher is better. */
  readonly score?: number;
  /** Validation accuracy before measures were weighed in, where they are; a fraction in [0, 1]. */
  readonly accuracy?: number;
  /** Of a candidate: its score on the whole validation set. */
  readonly rescored?: number;
  /** Share of the full training, in (0, 1]. */
  readonly fidelity?: number;
  readonly measures: Readonly<Record<string, number>>;
  readonly attempts?: number;
  readonly reclaims?: number;
  /** Machine seconds of all attempts, and their price on spot. */
  readonly seconds?: number;
  readonly dollars?: number;
  /** Why it has no score. */
  readonly reason?: string;
  /** The trial of the same network whose result it shares. */
  readonly copyOf?: string;
  readonly genotype: string;
}

const SECONDS_AN_HOUR = 3600;

const rowOf = (
  trial: LoggedTrial,
  seed: number,
  search: string,
  dollarsPerHour: number,
  objective: Objective | undefined,
): TrialRow => {
  const { id, genotype, fidelity, end, copyOf } = trial;
  const measures = end?.kind === 'score' ? (end.measures ?? {}) : {};
  const weighted = objective !== undefined && Object.keys(objective.weights).length > 0;
  return {
    id,
    seed,
    ...(copyOf === undefined && (end === undefined || end.spent !== undefined)
      ? { job: trialJobId(search, id) }
      : {}),
    status: end === undefined ? 'unfinished' : end.kind === 'score' ? 'scored' : end.kind,
    ...(end?.kind === 'score'
      ? {
          score: end.value,
          ...(weighted ? { accuracy: withoutWeights(objective, end.value, measures) } : {}),
        }
      : {}),
    fidelity,
    measures,
    ...(end?.spent === undefined
      ? {}
      : {
          attempts: end.spent.attempts,
          reclaims: end.spent.reclaims,
          seconds: end.spent.seconds,
          dollars: (end.spent.seconds / SECONDS_AN_HOUR) * dollarsPerHour,
        }),
    ...(end !== undefined && end.kind !== 'score' ? { reason: end.reason } : {}),
    ...(copyOf === undefined ? {} : { copyOf }),
    genotype,
  };
};

/** Searches of the run that have left anything, by seed. */
const searchesOf = async (
  store: ObjectStore,
  prefix: string,
): Promise<readonly { readonly seed: number; readonly jobId: string }[]> => {
  const seeds = new Set<number>();
  for await (const { key } of store.list(`${prefix}stage-1/seed-`)) {
    const seed = /^seed-(\d+)\//.exec(key.slice(`${prefix}stage-1/`.length))?.[1];
    if (seed !== undefined) seeds.add(Number(seed));
  }
  return [...seeds].sort((a, b) => a - b).map((seed) => ({ seed, jobId: `stage-1/seed-${seed}` }));
};

/**
 * Everything that the run's searches tried: the trials of a search by trials in the order of proposal, of a
 * search in one job the candidates that it scored, best first, once it has ended.
 */
export const trialRows = async (store: ObjectStore, record: RunRecord): Promise<readonly TrialRow[]> => {
  const { runId, experiment } = record;
  const { spotDollarsPerHour } = experiment.resources;
  const rows: TrialRow[] = [];
  if (isBlackBox(experiment.strategy)) {
    for (const { seed, jobId } of await searchesOf(store, `${keys.run(runId)}searches/`))
      for (const trial of trialsOf(await readTrialLog(store, runId, jobId)))
        rows.push(rowOf(trial, seed, jobId, spotDollarsPerHour, experiment.stages.search.objective));
    return rows;
  }
  for (const { seed, jobId } of await searchesOf(store, keys.jobs(runId))) {
    const result = await readDocument(store, keys.job(runId, jobId).result, programResultSchema);
    if (result?.kind !== 'search') continue;
    result.candidates.forEach(({ genotype, score, rescored }, place) =>
      rows.push({
        id: `c-${String(place + 1).padStart(6, '0')}`,
        seed,
        status: 'scored',
        score,
        ...(rescored === undefined ? {} : { rescored }),
        measures: {},
        genotype,
      }),
    );
  }
  return rows;
};
