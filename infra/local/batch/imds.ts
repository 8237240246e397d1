import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { Instance } from './records.ts';

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * As it was announced, unless the machine has slept or its clock was moved since: then what is left from now
 * on.
 */
const terminationTime = ({ terminateAt = 0, terminateTick = 0 }: Instance, tick: number): number => {
  const left = Date.now() + terminateTick - tick;
  return Math.abs(left - terminateAt) < 2_000 ? terminateAt : left;
};

/** What one instance's metadata service shows under `/latest/meta-data/`, or undefined for 404. */
const metadata = (instance: Instance, path: string, tick: number): string | undefined => {
  const noticed = instance.noticeTick !== undefined && tick >= instance.noticeTick;
  const terminates = iso(terminationTime(instance, tick));
  switch (path) {
    case 'instance-id':
      return instance.instanceId;
    case 'instance-type':
      return instance.instanceType;
    case 'instance-life-cycle':
      return instance.market;
    case 'placement/availability-zone':
      return instance.availabilityZone;
    case 'placement/region':
      return instance.availabilityZone.slice(0, -1);
    case 'spot/instance-action':
      return noticed ? JSON.stringify({ action: 'terminate', time: terminates }) : undefined;
    case 'spot/termination-time':
      return noticed ? terminates : undefined;
    case 'events/recommendations/rebalance':
      return instance.rebalanceAt !== undefined && tick >= (instance.rebalanceTick ?? 0)
        ? JSON.stringify({ noticeTime: iso(instance.rebalanceAt) })
        : undefined;
    default:
      return undefined;
  }
};

/**
 * The instance metadata service, version 2 (a session token is required), of every emulated instance, under
 * `/_imds/<instance id>`.
 */
export const createMetadataService = (
  instanceOf: (instanceId: string) => Instance | undefined,
  awake: () => number,
): ((request: IncomingMessage, response: ServerResponse, path: string) => void) => {
  /** Expiry of every token, by the monotonic clock. */
  const tokens = new Map<string, number>();
  const send = (response: ServerResponse, status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  };
  return (request, response, path) => {
    const [, instanceId = '', rest = ''] = /^\/_imds\/([^/]+)\/latest\/(.*)$/.exec(path) ?? [];
    const instance = instanceOf(instanceId);
    const now = performance.now();
    if (instance === undefined) return send(response, 404, `instance ${instanceId} does not exist`);
    if (rest === 'api/token') {
      const ttl = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (request.method !== 'PUT') return send(response, 405, 'a token is requested by PUT');
      if (!(Number.isInteger(ttl) && ttl >= 1 && ttl <= 21_600))
        return send(response, 400, 'X-aws-ec2-metadata-token-ttl-seconds: allowed are 1 to 21600');
      const token = randomBytes(24).toString('base64url');
      for (const [old, expiry] of tokens) if (expiry < now) tokens.delete(old);
      tokens.set(`${instanceId}/${token}`, now + ttl * 1000);
      response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', String(ttl));
      return send(response, 200, token);
    }
    const token = `${instanceId}/${String(request.headers['x-aws-ec2-metadata-token'])}`;
    if ((tokens.get(token) ?? 0) < now) return send(response, 401, 'Unauthorized');
    const text = rest.startsWith('meta-data/')
      ? metadata(instance, rest.slice('meta-data/'.length).replace(/\/$/, ''), awake())
      : undefined;
    return send(response, text === undefined ? 404 : 200, text ?? 'Not Found');
  };
};
