import { z } from 'zod';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { identityOf, signedFetch } from '../../store/signed-fetch.ts';
import type { EmbeddedStack, LoadedConfig } from '../config.ts';

/** The embedded stack's own interface to its Batch endpoint. */
export interface LocalBatch {
  /** Takes a spot machine away: the one under the job, or the oldest. */
  reclaim(options: { readonly batchJobId?: string; readonly noticeSeconds: number }): Promise<{
    readonly instanceId: string;
  }>;
  /**
   * Replays recorded spot capacity: slots follow the trace's points, spot jobs beyond them are reclaimed.
   * `trace` is the trace's JSON, which the endpoint validates.
   */
  playTrace(options: {
    readonly trace: unknown;
    /** Trace seconds that pass in one second. */
    readonly timeScale: number;
    readonly noticeSeconds: number;
    /** First point played. */
    readonly start: number;
  }): Promise<{ readonly points: number }>;
  /** Bytes of the newest attempt's log, or the given one's (from 1), from an offset on. */
  log(
    batchJobId: string,
    options: { readonly attempt?: number; readonly offset: number },
  ): Promise<Uint8Array>;
}

/**
 * How a person named what the endpoint is asked for; `allowed` and the endpoint's reason tell what it would
 * have granted.
 */
interface Asked {
  readonly field: string;
  readonly value: unknown;
  readonly allowed: string;
  readonly fix: string;
}

const call = async (
  url: URL,
  asked: Asked,
  request: Parameters<typeof signedFetch>[2] = {},
): Promise<Response> => {
  const identity = identityOf(process.env);
  if (identity === undefined) throw infrastructureError('there are no keys of the embedded stack', 'nas up');
  let answer: Response;
  try {
    answer = await signedFetch(url, identity, request);
  } catch (cause) {
    throw infrastructureError(`the Batch endpoint at ${url.origin} does not answer`, 'nas up', { cause });
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  const message = /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
  if (answer.status === 403)
    throw infrastructureError(
      `the Batch endpoint at ${url.origin} refuses this stack's keys: ${message}`,
      'nas up',
    );
  throw inputError(asked.field, asked.value, `${asked.allowed} (${message})`, asked.fix);
};

/**
 * The embedded stack. Throws `InputError` when the configuration points elsewhere; `onAws` says what to do
 * there.
 */
export const embeddedOnly = (config: LoadedConfig, command: string, onAws: string): EmbeddedStack => {
  if (config.embedded === undefined) throw inputError(command, config.source, 'the embedded stack', onAws);
  return config.embedded;
};

/** Calls are signed with the keys that `useConfig` has put into this process's environment. */
export const localBatch = (embedded: EmbeddedStack): LocalBatch => {
  const post = async <T>(path: string, body: object, schema: z.ZodType<T>, asked: Asked): Promise<T> => {
    const answer = await call(new URL(path, embedded.batch), asked, { method: 'POST', body });
    return schema.parse(await answer.json());
  };
  return {
    reclaim: ({ batchJobId, noticeSeconds }) =>
      post(
        '/_local/reclaim',
        { ...(batchJobId === undefined ? {} : { jobId: batchJobId }), noticeSeconds },
        z.object({ instanceId: z.string() }),
        {
          field: 'job',
          value: batchJobId ?? 'the oldest that runs',
          allowed: 'a job that runs',
          fix: 'nas jobs RUN shows which jobs of a run are RUNNING',
        },
      ),
    playTrace: (options) =>
      post('/_local/trace', options, z.object({ points: z.number() }), {
        field: '--trace',
        value: options.trace,
        allowed: 'a trace of capacities',
        fix: 'write {"metadata":{"gap_seconds":60},"data":[2,1,2]} and a --start within it',
      }),
    log: async (batchJobId, { attempt, offset }) => {
      const url = new URL('/_local/logs', embedded.batch);
      url.searchParams.set('jobId', batchJobId);
      url.searchParams.set('offset', String(offset));
      if (attempt !== undefined) url.searchParams.set('attempt', String(attempt));
      const asked: Asked = {
        field: '--attempt',
        value: attempt ?? 'the newest',
        allowed: 'an attempt that has a log',
        fix: 'nas jobs RUN lists the attempts',
      };
      return new Uint8Array(await (await call(url, asked)).arrayBuffer());
    },
  };
};
