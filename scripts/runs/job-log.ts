import {
  CloudWatchLogsClient,
  CloudWatchLogsServiceException,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import type { LoadedConfig } from '../config.ts';
import { localBatch } from './local-batch.ts';
import type { LocalBatch } from './local-batch.ts';
import type { AttemptLog, RunBatchJob } from './run-batch-jobs.ts';

/** The log of one attempt, read from its beginning. */
export interface JobLog {
  /** For messages. */
  readonly place: string;
  /** What was written since the last call; empty when nothing was. */
  next(): Promise<Uint8Array>;
}

/** The log that the embedded stack keeps in a file. */
const localLog = (batch: LocalBatch, batchJobId: string, attempt: number): JobLog => {
  let offset = 0;
  return {
    place: `attempt ${attempt} of Batch job ${batchJobId}`,
    next: async () => {
      const bytes = await batch.log(batchJobId, { offset, attempt });
      offset += bytes.byteLength;
      return bytes;
    },
  };
};

/** A line a log event, as the container wrote it. */
const text = (events: readonly { readonly message?: string | undefined }[]): string =>
  events.map(({ message = '' }) => (message.endsWith('\n') ? message : `${message}\n`)).join('');

/**
 * The log that Batch's log driver sends to CloudWatch Logs. An attempt that has written nothing yet has an
 * empty one.
 */
export const cloudLog = (client: CloudWatchLogsClient, group: string, stream: string): JobLog => {
  let token: string | undefined;
  /** `undefined` while there is no such stream. */
  const page = async (): Promise<{ text: string; nextToken: string | undefined } | undefined> => {
    try {
      const { events = [], nextForwardToken } = await client.send(
        new GetLogEventsCommand({
          logGroupName: group,
          logStreamName: stream,
          startFromHead: true,
          ...(token === undefined ? {} : { nextToken: token }),
        }),
      );
      return { text: text(events), nextToken: nextForwardToken };
    } catch (cause) {
      if (!(cause instanceof CloudWatchLogsServiceException)) throw cause;
      if (cause.name === 'ResourceNotFoundException') return undefined;
      throw infrastructureError(
        `stream ${stream} of log group ${group} cannot be read: ${cause.message}`,
        'check region and credentials; the managed policy of the output OperatorPolicy allows it (docs/aws.md)',
        { cause },
      );
    }
  };
  return {
    place: `stream ${stream} of log group ${group}`,
    next: async () => {
      let found = '';
      // The end of a stream is where its token no longer moves.
      for (;;) {
        const read = await page();
        if (read === undefined || read.nextToken === token) return Buffer.from(found + (read?.text ?? ''));
        found += read.text;
        token = read.nextToken;
      }
    },
  };
};

/** Where the logs of jobs are. */
interface JobLogs {
  open(job: RunBatchJob, attempt: AttemptLog): JobLog;
  close(): void;
}

export const openLogs = (config: LoadedConfig): JobLogs => {
  if (config.embedded !== undefined) {
    const batch = localBatch(config.embedded);
    return { open: (job, { attempt }) => localLog(batch, job.batchJobId, attempt), close: () => undefined };
  }
  const client = new CloudWatchLogsClient({});
  return {
    open: (job, { logStream }) => cloudLog(client, job.logGroup, logStream),
    close: () => client.destroy(),
  };
};
