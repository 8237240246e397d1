import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { clientException } from './errors.ts';
import { specOf } from './lookup.ts';
import { attemptFiles } from './processes.ts';
import { reclaim, setCapacity } from './reclaim.ts';
import { parseRequest } from './requests.ts';
import { attemptDir } from './scheduler.ts';
import { traceSchema } from './replay.ts';
import { createTracePlayer } from './trace.ts';

const seconds = z.number().min(0);
const schemas = {
  reclaim: z.strictObject({
    jobId: z.string().optional(),
    instanceId: z.string().optional(),
    noticeSeconds: seconds.optional(),
    rebalanceSeconds: seconds.optional(),
  }),
  capacity: z.strictObject({
    slots: z.number().int().min(0),
    /** Also take back the spot instances beyond the new capacity, with this notice. */
    reclaimNoticeSeconds: seconds.optional(),
  }),
  images: z.strictObject({ unavailable: z.array(z.string()) }),
  trace: z.strictObject({
    trace: traceSchema,
    timeScale: z.number().positive().default(1),
    noticeSeconds: seconds.default(120),
    start: z.number().int().min(0).default(0),
  }),
};

/** Bytes of an attempt's log from `offset` on; the next offset is theirs plus their number. */
interface LogChunk {
  readonly bytes: Buffer;
  readonly size: number;
}

const readLog = async ({ state, options }: Endpoint, query: URLSearchParams): Promise<LogChunk> => {
  const jobId = query.get('jobId') ?? '';
  const job = state.tables.jobs.get(jobId);
  if (job === undefined) throw clientException(`jobId: job ${JSON.stringify(jobId)} does not exist`);
  const last = job.attempts.length + (job.current === undefined ? 0 : 1);
  const attempt = Number(query.get('attempt') ?? last);
  const past = job.attempts[attempt - 1]?.container?.taskArn?.split('/').at(-1);
  const taskId = past ?? (attempt === job.current?.number ? job.current.taskId : undefined);
  if (taskId === undefined)
    throw clientException(
      `attempt: ${query.get('attempt') ?? 'none'}; job ${jobId} has made ${last} attempts`,
    );
  const offset = Number(query.get('offset') ?? 0);
  if (!(Number.isInteger(offset) && offset >= 0))
    throw clientException(`offset: ${query.get('offset')}; allowed are integers from 0`);
  const file = await open(attemptFiles(attemptDir(options.stateDir, jobId, taskId)).log, 'r').catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw cause;
    },
  );
  // An attempt that never started has written nothing.
  if (file === undefined) return { bytes: Buffer.alloc(0), size: 0 };
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, Math.min(size - offset, 4 * 1024 * 1024)));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return { bytes: bytes.subarray(0, bytesRead), size };
  } finally {
    await file.close();
  }
};

const overview = ({ state: { tables }, jobs, scheduler, options }: Endpoint) => ({
  settings: scheduler.settings(),
  cwd: options.cwd,
  stateDir: options.stateDir,
  secondMs: options.secondMs,
  instances: [...tables.instances.values()],
  running: [...jobs.running].map((id) => {
    const job = tables.jobs.get(id);
    return job === undefined
      ? { jobId: id }
      : { jobId: id, jobName: specOf(tables, job).jobName, status: job.status, current: job.current };
  }),
  waiting: jobs.waiting.size,
  runnable: [...jobs.runnable()].map(([queue, ids]) => ({ queue, jobs: ids.size })),
});

/** The endpoint's own interface under `/_local`, which AWS does not have: state, logs, capacity, reclaims. */
export const createAdmin = (endpoint: Endpoint) => {
  const player = createTracePlayer(endpoint);
  const posts: Readonly<Record<string, (body: unknown) => object>> = {
    '/_local/reclaim': (body) => reclaim(endpoint, parseRequest(schemas.reclaim, body)),
    '/_local/capacity': (body) => {
      const { slots, reclaimNoticeSeconds } = parseRequest(schemas.capacity, body);
      const reclaimed = setCapacity(
        endpoint,
        slots,
        reclaimNoticeSeconds === undefined ? undefined : { noticeSeconds: reclaimNoticeSeconds },
      );
      return { slots, reclaimed };
    },
    '/_local/images': (body) => {
      const { unavailable } = parseRequest(schemas.images, body);
      endpoint.state.change([
        'settings',
        'current',
        { ...endpoint.scheduler.settings(), unavailableImages: unavailable },
      ]);
      return { unavailable };
    },
    '/_local/trace': (body) => {
      const replay = parseRequest(schemas.trace, body);
      const { trace, ...rest } = replay;
      if (rest.start >= trace.data.length)
        throw clientException(`start: ${rest.start}; the trace has points 0 to ${trace.data.length - 1}`);
      player.play(replay);
      return { points: trace.data.length, ...rest };
    },
  };
  return {
    /** Answers a call, or returns undefined for an unknown path. */
    handle: async (method: string, url: URL, body: unknown): Promise<object | LogChunk | undefined> => {
      if (method === 'POST') return posts[url.pathname]?.(body);
      if (method === 'DELETE' && url.pathname === '/_local/trace') {
        player.stop();
        return {};
      }
      if (method !== 'GET') return undefined;
      if (url.pathname === '/_local/state') return overview(endpoint);
      if (url.pathname === '/_local/logs') return readLog(endpoint, url.searchParams);
      return undefined;
    },
    close: player.close,
  };
};
