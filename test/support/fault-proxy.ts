import { setMaxListeners } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { randomFromSeed, type Random } from '../../nas/core/random.ts';

/**
 * What can go wrong between a client and its service:
 * - `slow-down`: 503 SlowDown, the request is not carried out;
 * - `server-error`: 500 InternalError, not carried out;
 * - `throttled`: 429 TooManyRequestsException, not carried out;
 * - `denied`: 403 AccessDenied, not carried out;
 * - `request-cut`: half of the request's body arrives, then the connection breaks on both sides;
 * - `reset`: the connection breaks before the request is carried out;
 * - `answer-lost`: the request is carried out, then the connection breaks;
 * - `truncated`: carried out; the answer's body ends early and the connection breaks;
 * - `timeout`: carried out, but the answer comes only after `hangMs`, when the client has long given up;
 * - `latency`: carried out and answered after a delay.
 */
export const PROXY_FAULTS = [
  'slow-down',
  'server-error',
  'throttled',
  'denied',
  'request-cut',
  'reset',
  'answer-lost',
  'truncated',
  'timeout',
  'latency',
] as const;
export type ProxyFault = (typeof PROXY_FAULTS)[number];

interface FaultPlan {
  readonly seed: number;
  /** Probability of a fault for each request, in [0, 1]. */
  readonly rate: number;
  /** Kinds to choose from, all alike. Default: all of them. */
  readonly kinds?: readonly ProxyFault[];
  /** Longest added latency, milliseconds. */
  readonly latencyMs?: number;
  /** How long a `timeout` keeps the client waiting, milliseconds. */
  readonly hangMs?: number;
}

interface InjectedFault {
  readonly request: number;
  readonly fault: ProxyFault;
  readonly method: string;
  readonly path: string;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Everything injected so far. */
  readonly injected: readonly InjectedFault[];
  readonly requests: () => number;
  /** Replaces the plan; `undefined` lets everything pass. */
  setPlan(plan: FaultPlan | undefined): void;
  stop(): Promise<void>;
}

const drawFault = (random: Random, plan: FaultPlan): ProxyFault | undefined => {
  const hit = random.uniform() < plan.rate;
  const kind = random.pick(plan.kinds ?? PROXY_FAULTS);
  return hit ? kind : undefined;
};

/** An error body that both of S3's and Batch's clients understand as `code`. */
const refuse = (request: IncomingMessage, response: ServerResponse, status: number, code: string): void => {
  const s3 = !(request.url ?? '').startsWith('/v1/');
  const body = s3
    ? `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>injected</Message></Error>`
    : JSON.stringify({ message: 'injected' });
  response.writeHead(status, {
    'content-type': s3 ? 'application/xml' : 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(s3 ? {} : { 'x-amzn-errortype': code }),
    connection: 'close',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
};

const readAll = async (stream: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

/**
 * An HTTP proxy in front of an S3 or Batch endpoint that injects faults by a seeded plan. The n-th request
 * suffers the n-th draw of the plan, so a run with the same seed and order of requests suffers the same.
 * Bodies pass unchanged, and so does the Host header, on which signatures depend.
 */
export const startFaultProxy = async (target: string, initial?: FaultPlan): Promise<FaultProxy> => {
  const upstream = new URL(target);
  const injected: InjectedFault[] = [];
  let requests = 0;
  let plan = initial;
  let random = randomFromSeed(initial?.seed ?? 0);
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal);

  const forward = (
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ head: IncomingMessage; body: Buffer }> =>
    new Promise((resolve, reject) => {
      // A client that asks before it sends (Expect: 100-continue) has been told to by this server.
      const headers = { ...incoming.headers, connection: 'close' };
      delete headers.expect;
      const outgoing = httpRequest(
        {
          host: upstream.hostname,
          port: upstream.port,
          method: incoming.method,
          path: incoming.url,
          headers,
          agent: false,
          setHost: false,
        },
        (head) => {
          readAll(head).then((answer) => resolve({ head, body: answer }), reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  /** Sends the head and half of the body, and breaks off. */
  const forwardHalf = (incoming: IncomingMessage, body: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const headers = { ...incoming.headers, connection: 'close' };
      delete headers.expect;
      const outgoing = httpRequest({
        host: upstream.hostname,
        port: upstream.port,
        method: incoming.method,
        path: incoming.url,
        headers,
        agent: false,
        setHost: false,
      });
      outgoing.on('error', () => resolve());
      outgoing.on('close', () => resolve());
      outgoing.write(body.subarray(0, body.byteLength >> 1), () => outgoing.destroy());
    });

  const answer = async (
    response: ServerResponse,
    reply: { head: IncomingMessage; body: Buffer },
    fault: ProxyFault | undefined,
  ): Promise<void> => {
    const { head, body } = reply;
    const headers = { ...head.headers };
    delete headers['transfer-encoding'];
    delete headers.connection;
    if (body.byteLength > 0 || headers['content-length'] === undefined) {
      headers['content-length'] = String(body.byteLength);
    }
    response.writeHead(head.statusCode ?? 502, headers);
    if (fault !== 'truncated' || body.byteLength === 0) {
      response.end(body);
      return;
    }
    await new Promise((resolve) => response.write(body.subarray(0, body.byteLength >> 1), resolve));
    response.destroy();
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const number = requests++;
    const active = plan;
    const fault = active && drawFault(random, active);
    const delay = random.uniform();
    if (fault)
      injected.push({ request: number, fault, method: incoming.method ?? '', path: incoming.url ?? '' });
    const body = await readAll(incoming);
    switch (fault) {
      case 'slow-down':
        return refuse(incoming, response, 503, 'SlowDown');
      case 'server-error':
        return refuse(incoming, response, 500, 'InternalError');
      case 'throttled':
        return refuse(incoming, response, 429, 'TooManyRequestsException');
      case 'denied':
        return refuse(incoming, response, 403, 'AccessDenied');
      case 'request-cut':
        await forwardHalf(incoming, body);
        incoming.socket.resetAndDestroy();
        return;
      case 'reset':
        incoming.socket.resetAndDestroy();
        return;
      case 'answer-lost':
        await forward(incoming, body);
        incoming.socket.resetAndDestroy();
        return;
      case 'timeout': {
        const reply = await forward(incoming, body);
        await sleep(active?.hangMs ?? 120_000, undefined, { signal: stopped.signal });
        return answer(response, reply, undefined);
      }
      case 'latency':
        await sleep(delay * (active?.latencyMs ?? 500), undefined, { signal: stopped.signal });
        return answer(response, await forward(incoming, body), undefined);
      case 'truncated':
      case undefined:
        return answer(response, await forward(incoming, body), fault);
    }
  };

  const server = createServer((incoming, response) => {
    // A target that is down looks to the client as it would without the proxy: the connection breaks.
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 1_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    injected,
    requests: () => requests,
    setPlan: (next) => {
      plan = next;
      random = randomFromSeed(next?.seed ?? 0);
    },
    stop: async () => {
      stopped.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
