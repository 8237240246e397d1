/**
 * What a lost machine costs, measured on the embedded stack: how soon a trainer notices a reclaim, how soon
 * its replacement is submitted and runs, how much work is done again with a notice and without one, and how
 * long checkpoints hold training up. `npm run -s bench -- durability [--reclaims N] [--losses N] [--interval
 * S|auto] [--seed S] [--json]`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DescribeJobsCommand } from '@aws-sdk/client-batch';
import { Command } from 'commander';
import { attemptRecordSchema } from '../nas/job/attempt-record.ts';
import type { AttemptRecord } from '../nas/job/attempt-record.ts';
import { jobProgressSchema } from '../nas/job/progress.ts';
import { asSettled } from '../nas/experiment/settled-experiment.ts';
import { deriveSeed, randomFromSeed } from '../nas/core/random.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { findDataset } from '../scripts/runs/check-stored.ts';
import { readExperiment, runRecord } from '../scripts/runs/prepare-run.ts';
import { startRun } from '../scripts/runs/start-run.ts';
import { readDocument, readHint } from '../store/json-documents.ts';
import { keys } from '../store/keys.ts';
import { signal, startChaosStack } from '../test/chaos/stack.ts';
import type { ChaosStack } from '../test/chaos/stack.ts';
import { refuseClearly } from '../scripts/refusals.ts';

const RUN = 'durability';
const JOB = keys.job(RUN, 'stage-1/seed-0');
const NOTICE_SECONDS = 120;
/** Moments at which machines go are spread over this many seconds where the cadence is the computed one. */
const SPREAD_SECONDS = 30;
/** A job of minutes. */
const OVERRIDES = [
  'rehearsal.reclaims=0',
  'stages.search.seeds=[0]',
  'stages.search.recipe.epochs=500',
  // Every checkpoint stays, so that the time between two can be read off them.
  'checkpoint.keep=1000',
];

/** `loss`: the machine is gone without a word. */
type Kind = 'reclaim' | 'loss';

interface Event {
  readonly kind: Kind;
  /** Lease epoch that it hit. */
  readonly epoch: number;
  /** Unix time, milliseconds. */
  readonly at: number;
}

/**
 * Takes the machine of the attempt after epoch `after` away, `delaySeconds` after its first checkpoint was
 * seen.
 */
const strike = async (stack: ChaosStack, kind: Kind, after: number, delaySeconds: number): Promise<Event> => {
  for (;;) {
    if ((await stack.store.head(JOB.result)) !== undefined)
      throw new Error('the job ended before every machine was taken: lengthen it');
    const progress = await readHint(stack.store, JOB.progress, jobProgressSchema);
    if (progress !== undefined && progress.epoch > after && progress.checkpoints > 0) {
      const { epoch, batchJobId } = progress;
      await sleep(1000 * delaySeconds);
      const at = Date.now();
      if (kind === 'reclaim' && (await stack.reclaim(batchJobId, NOTICE_SECONDS))) return { kind, epoch, at };
      const trainer = (await stack.trainers()).find((running) => running.batchJobId === batchJobId);
      if (kind === 'loss' && trainer !== undefined && signal(-trainer.shell, 'SIGKILL'))
        return { kind, epoch, at };
    }
    await sleep(200);
  }
};

/** The record of an epoch's attempt once it trains. */
const attemptOf = async (stack: ChaosStack, epoch: number): Promise<AttemptRecord> => {
  for (;;) {
    const record = await readDocument(stack.store, JOB.attempt(epoch), attemptRecordSchema);
    if (record?.software !== undefined) return record;
    await sleep(200);
  }
};

/** When Batch was given the attempt: its own job's submission, or the start of a retry within one job. */
const submittedAt = async (
  stack: ChaosStack,
  attempt: AttemptRecord,
  before: AttemptRecord,
): Promise<number> => {
  const answer = await stack.batch.send(new DescribeJobsCommand({ jobs: [attempt.batchJobId] }));
  const job = answer.jobs?.[0];
  const at =
    attempt.batchJobId === before.batchJobId
      ? (job?.attempts?.[attempt.batchAttempt - 1]?.startedAt ?? job?.startedAt)
      : job?.createdAt;
  if (at === undefined) throw new Error(`Batch does not know when attempt ${attempt.epoch} was submitted`);
  return at;
};

interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
}

const measure = async (
  stack: ChaosStack,
  events: readonly Event[],
): Promise<{ readonly figures: readonly Figure[]; readonly trained: number; readonly stalled: number }> => {
  const noticed: number[] = [];
  const submitted: Record<Kind, number[]> = { reclaim: [], loss: [] };
  const running: Record<Kind, number[]> = { reclaim: [], loss: [] };
  const redoneSteps: number[] = [];
  const lostSeconds: number[] = [];
  let trained = 0;
  let stalled = 0;
  for (const { kind, epoch, at } of events) {
    const after = await attemptOf(stack, epoch + 1);
    // Read again: the replaced attempt writes its last words while the replacement starts.
    const before = await attemptOf(stack, epoch);
    submitted[kind].push(((await submittedAt(stack, after, before)) - at) / 1000);
    running[kind].push((Date.parse(after.startedAt) - at) / 1000);
    if (kind === 'reclaim') {
      if (before.notice !== undefined) noticed.push((Date.parse(before.notice.at) - at) / 1000);
      if (before.toStep !== undefined) redoneSteps.push(before.toStep - after.fromStep);
      trained += before.trainSeconds ?? 0;
      stalled += before.checkpoints?.stallSeconds ?? 0;
    } else {
      const restored = await stack.store.head(JOB.manifest(epoch, after.fromStep));
      if (restored !== undefined) lostSeconds.push((at - restored.modifiedAt) / 1000);
    }
  }
  const figures: Figure[] = [
    { what: 'reclaim noticed after', unit: 's', values: noticed },
    { what: 'replacement submitted after a notice', unit: 's', values: submitted.reclaim },
    { what: 'replacement running after a notice', unit: 's', values: running.reclaim },
    { what: 'steps done again after a notice', unit: 'steps', values: redoneSteps },
    { what: 'replacement submitted after a loss', unit: 's', values: submitted.loss },
    { what: 'replacement running after a loss', unit: 's', values: running.loss },
    { what: 'work done again after a loss', unit: 's', values: lostSeconds },
    { what: 'time between two checkpoints', unit: 's', values: await intervals(stack) },
  ];
  return { figures, trained, stalled };
};

/** Seconds between checkpoints that one attempt wrote one after the other. */
const intervals = async (stack: ChaosStack): Promise<number[]> => {
  const found: number[] = [];
  let previous: { readonly epoch: string; readonly at: number } | undefined;
  for await (const { key, modifiedAt } of stack.store.list(JOB.manifests)) {
    const epoch = key.slice(JOB.manifests.length).split('-')[0] as string;
    if (previous?.epoch === epoch) found.push((modifiedAt - previous.at) / 1000);
    previous = { epoch, at: modifiedAt };
  }
  return found;
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const line = ({ what, unit, values }: Figure): string =>
  values.length === 0
    ? `${what}: not measured`
    : `${what}: median ${median(values).toFixed(2)} ${unit}, worst ${Math.max(...values).toFixed(2)} ${unit}, n = ${values.length}`;

const whole = wholeNumber(0);

/** Checkpoint cadence: seconds, or the product's own. */
const cadence = (text: string): number | 'auto' => (text === 'auto' ? text : whole(text));

export const run = async (argv: readonly string[]): Promise<void> => {
  const program = refuseClearly(
    new Command('durability')
      .option('--reclaims <n>', 'machines to take away after a notice', whole, 5)
      .option('--losses <n>', 'machines to lose without one', whole, 5)
      .option('--interval <s>', 'seconds between checkpoints; auto is the computed cadence', cadence, 'auto')
      .option('--seed <s>', 'of the moments at which machines go', whole, 1)
      .option('--json', 'print one JSON document'),
  ).parse([...argv], { from: 'user' });
  const { reclaims, losses, interval, seed, json } = program.opts<{
    reclaims: number;
    losses: number;
    interval: number | 'auto';
    seed: number;
    json?: boolean;
  }>();
  const random = randomFromSeed(deriveSeed(seed, 'durability'));
  const stack = await startChaosStack({ slots: 2 });
  try {
    const file = fileURLToPath(new URL('../experiments/quickstart.yaml', import.meta.url));
    const loaded = await readExperiment(file, [...OVERRIDES, `checkpoint.intervalSeconds=${interval}`]);
    const record = runRecord(
      RUN,
      asSettled(loaded.experiment),
      await findDataset(stack.store, loaded),
      new Date(),
    );
    await stack.withClient((client) =>
      startRun(client, stack.store, { record, taskQueue: stack.stack.config.taskQueue }),
    );
    const spread = interval === 'auto' ? SPREAD_SECONDS : interval;
    const events: Event[] = [];
    for (let i = 0; i < Math.max(reclaims, losses); i++)
      for (const kind of ['reclaim', 'loss'] as const)
        if (i < (kind === 'reclaim' ? reclaims : losses))
          events.push(await strike(stack, kind, events.at(-1)?.epoch ?? 0, random.uniform() * spread));
    const { figures, trained, stalled } = await measure(stack, events);
    const stallPercent = (100 * stalled) / trained;
    process.stdout.write(
      json === true
        ? `${JSON.stringify({ figures, trainedSeconds: trained, stallPercent })}\n`
        : [
            ...figures.map(line),
            `checkpoints held training up: ${stallPercent.toFixed(2)} % of ${trained.toFixed(1)} s`,
            '',
          ].join('\n'),
    );
  } finally {
    await stack.stop();
  }
};
