import type { RunView } from '../../nas/protocol/run-view.ts';
import type { Candidate, Place } from './words.ts';

type Value = Extract<Place, { readonly kind: 'value' }>;
type Source = (value: Value) => Promise<readonly Candidate[]>;

const named = (words: readonly string[]): Candidate[] => words.map((word) => ({ word, description: '' }));

const runs: Source = async () => {
  const [{ listRuns }, { withTemporal }] = await Promise.all([
    import('../runs/list-runs.ts'),
    import('../runs/with-temporal.ts'),
  ]);
  return withTemporal(async ({ client }) =>
    (await listRuns(client)).map(({ runId, status, experiment }) => ({
      word: runId,
      description: `${status} ${experiment}`.trim(),
    })),
  );
};

const jobsOf = async (runId: string): Promise<Candidate[]> => {
  const { withTemporal } = await import('../runs/with-temporal.ts');
  return withTemporal(async ({ client }) => {
    const { stages } = await client.workflow.getHandle(runId).query<RunView>('progress');
    return stages.flatMap(({ jobs }) =>
      jobs.map(({ jobId, status }) => ({ word: jobId, description: status })),
    );
  });
};

/** `RUN/JOB`: the run first, then its jobs. */
const runsAndJobs: Source = async (value) => {
  const [, run] = /^([^/]+)\//.exec(value.begun) ?? [];
  if (run === undefined)
    return (await runs(value)).map(({ word, description }) => ({ word: `${word}/`, description }));
  return (await jobsOf(run)).map(({ word, description }) => ({ word: `${run}/${word}`, description }));
};

const dataSets: Source = async () => {
  const [{ configuredStore }, { listDatasets }] = await Promise.all([
    import('../runs/configured-store.ts'),
    import('../../store/datasets.ts'),
  ]);
  return (await listDatasets(configuredStore())).map(({ manifest: { name, source } }) => ({
    word: name,
    description: source,
  }));
};

const architectures: Source = async (value) => {
  const { SPACE_NAMES, definitionOf } = await import('../../nas/space/registry.ts');
  const published = SPACE_NAMES.flatMap((space) =>
    Object.keys(definitionOf(space).published()).map((word) => ({ word, description: space })),
  );
  // Published names need no stack.
  return [...published, ...(await runs(value).catch(() => []))];
};

/** What the help of a command calls a file or a folder, and what tells a shell to complete them. */
export const FILES: ReadonlyMap<string, string> = new Map([
  ['experiment', ':yaml'],
  ['file', ':files'],
  ['folder', ':files'],
  ['path', ':files'],
]);

/** Who knows the values that the help of a command calls by these names. */
export const SOURCES: ReadonlyMap<string, Source> = new Map([
  ['run', runs],
  ['other run', runs],
  ['pattern', runs],
  ['job', ({ args: [run = ''] }) => jobsOf(run)],
  ['run/job', runsAndJobs],
  ['data set', dataSets],
  ['architecture', architectures],
  ['space', async () => named((await import('../../nas/space/registry.ts')).SPACE_NAMES)],
  ['strategy', async () => named((await import('../../nas/experiment/names.ts')).STRATEGY_NAMES)],
]);

/** Milliseconds after which a person at the tab key has no use for an answer. */
const PATIENCE = 4_000;

/** Values that may stand there; none where nobody knows, or nobody answers in time. */
export const valuesAt = async (value: Value): Promise<readonly Candidate[]> => {
  const source = SOURCES.get(value.name);
  if (source === undefined) return [];
  const late = new Promise<[]>((resolve) => setTimeout(resolve, PATIENCE, []).unref());
  const known = await Promise.race([source(value).catch(() => []), late]);
  return known
    .filter(({ word }) => word.startsWith(value.begun))
    .map(({ word, description }) => ({ word: `${value.prefix}${word}`, description }));
};
