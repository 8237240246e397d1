import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

/** What EC2 says of a machine that is about to be taken. */
const instanceActionSchema = z.object({
  action: z.string().default('terminate'),
  time: z.string().default(''),
});
const rebalanceSchema = z.object({ noticeTime: z.string().default('') });

/** A warning from the instance about its own end. */
export type Notice =
  | { readonly kind: 'reclaim'; readonly action: string; readonly at: string }
  | { readonly kind: 'rebalance'; readonly at: string };

interface MetadataPolling {
  /** Base URL of the instance metadata service, without trailing slash. */
  readonly endpoint: string;
  readonly pollSeconds: number;
  readonly onNotice: (notice: Notice) => void;
  readonly signal: AbortSignal;
}

/** `AWS_EC2_METADATA_SERVICE_ENDPOINT`, as the AWS SDKs read it, or the link-local address of EC2. */
export const metadataEndpoint = (environment: NodeJS.ProcessEnv): string =>
  (environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254').replace(/\/+$/, '');

const TOKEN_SECONDS = 21_600;
const REQUEST_TIMEOUT_MS = 1000;
/** Failures, none of them after an answer, that make a host one without a metadata service. */
const ABSENT_AFTER = 5;
const ABSENT_POLL_SECONDS = 60;

/**
 * Polls EC2's instance metadata (IMDSv2: a session token, then `spot/instance-action` and
 * `events/recommendations/rebalance`) until a reclaim is announced or `signal` aborts. Each kind of notice is
 * delivered once. A host on which the service has never answered is polled rarely; one that is away for a
 * while is asked on.
 */
export const pollNotices = async ({
  endpoint,
  pollSeconds,
  onNotice,
  signal,
}: MetadataPolling): Promise<void> => {
  let token: string | undefined;
  let heard = false;
  let failures = 0;
  let rebalanced = false;

  const request = async (path: string, init: RequestInit): Promise<Response> =>
    fetch(`${endpoint}${path}`, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });

  /** The document at `path`, or undefined when there is none (404). */
  const read = async (path: string): Promise<unknown> => {
    if (token === undefined) {
      const response = await request('/latest/api/token', {
        method: 'PUT',
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS) },
      });
      if (!response.ok) throw new Error(`instance metadata token: HTTP ${response.status}`);
      token = await response.text();
    }
    const response = await request(path, { headers: { 'x-aws-ec2-metadata-token': token } });
    if (response.status === 401) token = undefined;
    if (!response.ok) return void (await response.arrayBuffer());
    return response.json();
  };

  while (!signal.aborted) {
    try {
      const announced = await read('/latest/meta-data/spot/instance-action');
      if (announced !== undefined) {
        const { action, time } = instanceActionSchema.parse(announced);
        onNotice({ kind: 'reclaim', action, at: time });
        return;
      }
      if (!rebalanced) {
        const recommended = await read('/latest/meta-data/events/recommendations/rebalance');
        if (recommended !== undefined) {
          rebalanced = true;
          onNotice({ kind: 'rebalance', at: rebalanceSchema.parse(recommended).noticeTime });
        }
      }
      heard = true;
    } catch {
      // An absent or slow metadata service must never stop training: there is simply no notice to hear.
      failures += 1;
    }
    const absent = !heard && failures >= ABSENT_AFTER;
    await pause(absent ? ABSENT_POLL_SECONDS : pollSeconds, signal);
  }
};

/** Sleeps, or returns early when `signal` aborts. */
const pause = (seconds: number, signal: AbortSignal): Promise<void> =>
  setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined);
