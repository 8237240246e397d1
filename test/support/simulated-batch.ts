import { programResultSchema } from '../../nas/job/program-result.ts';
import type {
  BatchAttempt,
  BatchJob,
  BatchJobs,
  BatchSubmission,
} from '../../activities/batch/batch-jobs.ts';
import { hasEnded } from '../../activities/batch/batch-jobs.ts';
import { hashJson } from '../../nas/core/hash.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { ProgramResult } from '../../nas/job/program-result.ts';
import { arrayChildId, arrayIdOf, jobArraySchema } from '../../nas/job/job-array.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { parseS3Uri } from '../../store/object-store.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** What one launch of a job does; jobs that a script does not mention succeed at once. */
export interface SimulatedLaunch {
  readonly end: 'succeed' | 'fail' | 'hang';
  readonly attempts?: readonly BatchAttempt[];
  readonly statusReason?: string;
}

export interface SimulatedBatch extends BatchJobs {
  readonly submissions: readonly BatchSubmission[];
  /** Paths of the jobs that were launched, those of an array one by one. */
  readonly launched: readonly string[];
  readonly terminated: readonly { id: string; reason: string }[];
  /** Brings a job into another state by hand. */
  set(id: string, change: Partial<BatchJob>): void;
  /** Jobs that have not ended. */
  running(): string[];
  /** The largest number of jobs that were unfinished at once. */
  readonly peak: number;
  readonly describeCalls: readonly (readonly string[])[];
}

const ATTEMPT: BatchAttempt = {
  exitCode: 0,
  statusReason: 'Essential container in task exited',
  startedAt: 0,
  stoppedAt: 1000,
};

/** Numbers in [0, 1) that depend on nothing but the program, as training's do. */
const fraction = (...parts: unknown[]): number => Number.parseInt(hashJson(parts).slice(0, 8), 16) / 2 ** 32;

const SEARCH_COST = { multiplyAdds: 4e9, images: 1000 };

/** What the trainer would write, by formula. */
export const simulatedResult = ({ program }: JobDocument): ProgramResult => {
  const weightsSha256 = hashJson(program);
  if (program.kind === 'train-network') {
    const accuracy = fraction(program.genotype, program.evaluateOn, program.seed);
    return {
      kind: 'train',
      genotype: program.genotype,
      evaluatedOn: program.evaluateOn,
      accuracy,
      loss: 1 - accuracy,
      curve: [{ epoch: 1, step: 10, validationAccuracy: accuracy }],
      parameters: 1000,
      multiplyAdds: 1e6,
      cost: { multiplyAdds: 1e9 * (1 + fraction(program.genotype)), images: 100 },
      weightsSha256,
    };
  }
  const space = spaceOf(program.space);
  const random = randomFromSeed(program.seed);
  const candidates = Array.from({ length: 5 }, () => space.sample(random).genotype)
    .map((genotype) => ({ genotype, score: fraction(genotype), rescored: fraction(genotype, program.seed) }))
    .sort((a, b) => b.rescored - a.rescored);
  return { kind: 'search', candidates, curve: [], cost: SEARCH_COST, weightsSha256 };
};

/**
 * AWS Batch for tests of launching and of workflows: every job ends `milliseconds` after its submission, as
 * the script says, and a job that succeeds leaves the result that its document determines.
 */
export const createSimulatedBatch = (
  store: ObjectStore,
  options: {
    readonly milliseconds?: number;
    readonly script?: (document: JobDocument, launch: number) => SimulatedLaunch | undefined;
  } = {},
): SimulatedBatch => {
  const { milliseconds = 20, script = () => undefined } = options;
  const jobs = new Map<string, { name: string; job: BatchJob }>();
  const submissions: BatchSubmission[] = [];
  const terminated: { id: string; reason: string }[] = [];
  const describeCalls: string[][] = [];
  const launches = new Map<string, number>();
  const launched: string[] = [];
  /** Ids of arrays by name. */
  const arrays = new Map<string, string[]>();
  let peak = 0;
  const running = (): string[] =>
    [...jobs.values()].filter(({ job }) => !hasEnded(job)).map(({ job }) => job.id);

  const finish = async (id: string, document: JobDocument, launch: SimulatedLaunch): Promise<void> => {
    const entry = jobs.get(id);
    if (entry === undefined || hasEnded(entry.job) || launch.end === 'hang') return;
    if (launch.end === 'succeed')
      await createDocument(
        store,
        keys.job(document.runId, document.jobId).result,
        programResultSchema,
        simulatedResult(document),
      );
    jobs.set(id, {
      ...entry,
      job: {
        id,
        status: launch.end === 'succeed' ? 'SUCCEEDED' : 'FAILED',
        statusReason: launch.statusReason,
        attempts: launch.attempts ?? [ATTEMPT],
      },
    });
  };

  const read = async (uri: string): Promise<unknown> => {
    const stored = await store.get(parseS3Uri(uri).key);
    if (stored === undefined) throw new Error(`${uri}: no document`);
    return JSON.parse(new TextDecoder().decode(stored.body));
  };

  const begin = (id: string, name: string, document: JobDocument): void => {
    const launch = (launches.get(document.jobId) ?? 0) + 1;
    launches.set(document.jobId, launch);
    launched.push(document.jobId);
    jobs.set(id, { name, job: { id, status: 'RUNNING', attempts: [] } });
    peak = Math.max(peak, running().length);
    setTimeout(() => void finish(id, document, script(document, launch) ?? { end: 'succeed' }), milliseconds);
  };

  const end = (id: string, reason: string): void => {
    const entry = jobs.get(id);
    if (entry === undefined || hasEnded(entry.job)) return;
    jobs.set(id, { ...entry, job: { ...entry.job, status: 'FAILED', statusReason: reason } });
  };

  return {
    submissions,
    launched,
    terminated,
    describeCalls,
    running,
    set: (id, change) => {
      const entry = jobs.get(id);
      if (entry === undefined) throw new Error(`${id}: no such job`);
      jobs.set(id, { ...entry, job: { ...entry.job, ...change } });
    },
    get peak() {
      return peak;
    },
    submit: async (submission) => {
      submissions.push(submission);
      const id = `job-${submissions.length}`;
      if (submission.size === undefined) {
        begin(id, submission.name, (await read(submission.job)) as JobDocument);
        return id;
      }
      const array = jobArraySchema.parse(await read(submission.job));
      if (array.jobs.length !== submission.size) throw new Error(`${submission.job}: has another size`);
      const documents = await Promise.all(
        array.jobs.map((jobId) => read(store.uri(keys.job(array.runId, jobId).document))),
      );
      arrays.set(submission.name, [...(arrays.get(submission.name) ?? []), id]);
      // Batch finds arrays by their name, not children.
      documents.forEach((document, index) => begin(arrayChildId(id, index), '', document as JobDocument));
      return id;
    },
    find: async (_queue, name) => [
      ...(arrays.get(name) ?? []),
      ...[...jobs.values()].filter((entry) => entry.name === name).map((entry) => entry.job.id),
    ],
    unfinished: async (_queue, beginning) =>
      running().flatMap((id) => {
        const array = arrayIdOf(id);
        const submission = submissions[Number((array ?? id).slice('job-'.length)) - 1];
        return submission?.name.startsWith(beginning) === true
          ? [{ id: array ?? id, job: submission.job }]
          : [];
      }),
    describe: async (ids) => {
      describeCalls.push([...ids]);
      return ids.flatMap((id) => jobs.get(id)?.job ?? []);
    },
    terminate: async (id, reason) => {
      terminated.push({ id, reason });
      end(id, reason);
      for (const child of jobs.keys()) if (child.startsWith(`${id}:`)) end(child, reason);
    },
  };
};
