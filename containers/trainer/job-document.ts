import { z } from 'zod';
import { checkpointSchema } from '../../nas/experiment/experiment.ts';
import { grownSchema } from '../../nas/search/inheritance.ts';
import { ONE_JOB_SEARCHES, type OneJobSchema } from '../../nas/search/one-job/registry.ts';
import { inputError } from '../../nas/core/input-error.ts';
import type { JobDocument, SearchSpec } from '../../nas/job/job.ts';
import { namedTask, taskOf } from '../../nas/task/tasks.ts';
import { taskKinds, type TaskKind } from '../../nas/task/terms.ts';
import { spaceSchema } from '../../nas/space/registry.ts';
import { parseS3Uri } from '../../store/object-store.ts';

/** What every program is given besides its kind and strategy, as its task says it. */
const commonOf = (kind: TaskKind) => {
  const { section, stages } = taskOf(kind);
  const { network, recipe, augmentation } = stages.search;
  return {
    space: spaceSchema,
    network,
    recipe,
    data: z.strictObject({
      task: z.literal(taskKinds()).exactOptional(),
      ...section,
      ...(augmentation && { augmentation }),
    }),
    seed: z.number().int().min(0),
  };
};
type Common = ReturnType<typeof commonOf>;

type NotEmpty<T> = readonly [T, ...T[]];

const searches = Object.values(ONE_JOB_SEARCHES);

/** The searches whose program is of one kind, told apart by the strategy's name. */
const searchSchema = (kind: SearchSpec['kind'], common: Common) =>
  z.strictObject({
    kind: z.literal(kind),
    strategy: z.discriminatedUnion(
      'name',
      searches
        .filter(({ program }) => program === kind)
        .map(({ schema }) => schema) as unknown as NotEmpty<OneJobSchema>,
    ),
    ...common,
  });

const programSchemaOf = (common: Common) =>
  z.discriminatedUnion('kind', [
    ...([...new Set(searches.map(({ program }) => program))].map((kind) =>
      searchSchema(kind, common),
    ) as unknown as NotEmpty<ReturnType<typeof searchSchema>>),
    z.strictObject({
      kind: z.literal('train-network'),
      genotype: z.string().min(1),
      trainOn: z.enum(['train', 'train+validation']),
      evaluateOn: z.enum(['validation', 'test']),
      rungs: z.array(z.number().int().min(1)).min(1).exactOptional(),
      scoreOfLast: z.number().int().min(1).exactOptional(),
      validateEvery: z.number().int().min(1).exactOptional(),
      grown: grownSchema.exactOptional(),
      ...common,
    }),
  ]);

const jobDocumentSchemaOf = (kind: TaskKind) =>
  z.strictObject({
    version: z.literal(1),
    runId: z.string().min(1),
    jobId: z.string().min(1),
    experimentHash: z.string().min(1),
    program: programSchemaOf(commonOf(kind)),
    continues: z.string().min(1).exactOptional(),
    inherits: z.string().min(1).exactOptional(),
    measureLatency: z.literal(true).exactOptional(),
    dataset: z.strictObject({
      name: z.string().min(1),
      manifest: z.strictObject({
        uri: z.string().startsWith('s3://'),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        bytes: z.number().int().min(0),
      }),
    }),
    checkpoint: checkpointSchema,
    threads: z.number().int().min(1),
  });

/**
 * Parses the bytes of a job document.
 *
 * @throws InputError naming the first field that is wrong.
 */
export const parseJobDocument = (text: string, uri: string): JobDocument => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw inputError(uri, text.slice(0, 60), 'a JSON document', 'launch the job again with `nas run`', {
      cause,
    });
  }
  const { program } = (json ?? {}) as { readonly program?: { readonly data?: { readonly task?: unknown } } };
  const parsed = jobDocumentSchemaOf(namedTask(program?.data?.task)).safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    const value = issue?.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      json,
    );
    throw inputError(
      `${uri} ${path}`.trim(),
      value ?? null,
      issue?.message ?? 'a job document of version 1',
      'launch the job with the same version of the product as its trainer image',
      { cause: parsed.error },
    );
  }
  // Its task has read what is its own.
  return parsed.data as JobDocument;
};

/**
 * The bucket and key of the trainer's one argument.
 *
 * @throws InputError when it is not an S3 URI.
 */
export const parseJobUri = (uri: string | undefined): ReturnType<typeof parseS3Uri> => {
  try {
    return parseS3Uri(uri ?? '');
  } catch (cause) {
    throw inputError(
      'job',
      uri ?? null,
      's3://BUCKET/runs/RUN/jobs/JOB/job.json',
      'pass the URI of a job document as the first argument',
      { cause },
    );
  }
};
