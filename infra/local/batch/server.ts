import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { jsonOf } from '../../../nas/core/json.ts';
import { createAdmin } from './admin.ts';
import { createAwakeClock } from './awake-clock.ts';
import type { Endpoint } from './endpoint.ts';
import { BatchError, clientException } from './errors.ts';
import { diskFiles } from './files.ts';
import { createMetadataService } from './imds.ts';
import { openJobs } from './jobs.ts';
import { lockFolder } from './lock.ts';
import type { LocalBatchOptions } from './options.ts';
import { withDefaults } from './options.ts';
import { createRateLimiter } from './rate-limit.ts';
import { refuseContentType, refuseForeign, targetOf } from './request-source.ts';
import { routeOf } from './routes.ts';
import { startScheduler } from './scheduler.ts';
import { createSignatureCheck } from './signature.ts';
import { openState } from './state.ts';

export interface LocalBatch {
  /** Base URL: what `AWS_ENDPOINT_URL_BATCH` is set to. */
  readonly url: string;
  /** Stops serving. Jobs go on and are adopted by the next endpoint on the same state. */
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Bytes that a request may have: of Batch's own operations, and of `/_local`, which takes traces of capacity.
 */
const MAX_BODY = { batch: 1024 * 1024, local: 30 * 1024 * 1024 } as const;
/** AWS Batch user guide, service quotas. */
const LARGEST_SUBMISSION = 30 * 1024;

const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size > limit) throw clientException(`the request is larger than ${limit} bytes`);
  }
  return Buffer.concat(parts);
};

const parseBody = (body: Buffer): unknown => {
  const text = body.toString('utf8');
  if (text === '') return {};
  try {
    return jsonOf(text);
  } catch (cause) {
    throw clientException('the request body is not JSON', { cause });
  }
};

const send = (response: ServerResponse, status: number, value: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

/**
 * Starts an AWS Batch endpoint on the loopback interface whose jobs are processes of this machine. It serves
 * callers that sign with `credentials`, and nobody else (docs/security.md). Throws when the port is taken,
 * when another endpoint serves `stateDir`, or when its files are damaged.
 */
export const startLocalBatch = async (given: LocalBatchOptions): Promise<LocalBatch> => {
  const options = withDefaults({ ...given, stateDir: path.resolve(given.stateDir) });
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(options.stateDir);
  let serve: (answer: Answer) => void = () => undefined;
  const ready = new Promise<Answer>((resolve) => (serve = resolve));
  // Requests may come as soon as the port is bound; they wait until the state has been read.
  const server = createServer((request, response) => {
    response.setHeader('x-amzn-requestid', randomUUID());
    // Node's own is up to a second old, and the SDKs set their clocks by it: after a step they would sign for
    // yesterday.
    response.setHeader('date', new Date().toUTCString());
    ready
      .then((answer) => answer(request, response))
      .catch((cause: unknown) => {
        if (response.headersSent) return void response.destroy();
        const error =
          cause instanceof BatchError
            ? cause
            : new BatchError('ServerException', 500, cause instanceof Error ? cause.message : String(cause));
        response.setHeader('x-amzn-errortype', error.type);
        send(response, error.status, { message: error.message });
      });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const state = await openState(await diskFiles(options.stateDir));
    const clock = createAwakeClock(state, options.monotonic);
    const jobs = openJobs(state, clock);
    const scheduler = startScheduler(
      state,
      jobs,
      clock,
      options,
      (instanceId) => `${url}/_imds/${instanceId}`,
    );
    const endpoint: Endpoint = { state, jobs, scheduler, clock, options };
    const metadata = createMetadataService((id) => state.tables.instances.get(id), clock.now);
    const admin = createAdmin(endpoint);
    const signatures = createSignatureCheck(options.credentials, options.place.region);
    const limit = createRateLimiter(options.rateLimits);

    const answer: Answer = async (request, response) => {
      const method = request.method ?? 'GET';
      refuseForeign(request);
      const target = targetOf(request, url);
      if (target.pathname.startsWith('/_imds/')) {
        request.resume();
        return metadata(request, response, target.pathname);
      }
      refuseContentType(request);
      const isLocal = target.pathname.startsWith('/_local/');
      const claim = signatures.claim(request, target);
      const bytes = await readBody(request, MAX_BODY[isLocal ? 'local' : 'batch']);
      await signatures.verify(claim, request, target, bytes);
      const body = parseBody(bytes);
      if (isLocal) {
        const result = await admin.handle(method, target, body);
        await state.flush();
        if (result === undefined) return send(response, 404, { message: `${method} ${target.pathname}` });
        if (!('bytes' in result)) return send(response, 200, result);
        response
          .writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-log-size': String(result.size) })
          .end(result.bytes);
        return;
      }
      const route = routeOf(method, target);
      if (route === undefined)
        throw clientException(`${method} ${target.pathname} is not supported by this endpoint`);
      limit(route.operation);
      if (route.operation === 'SubmitJob' && bytes.length > LARGEST_SUBMISSION)
        throw clientException(`SubmitJob: ${bytes.length} bytes; at most ${LARGEST_SUBMISSION} are allowed`);
      const result = route.handle(endpoint, body);
      // Nothing is acknowledged, or shown, before it is on the disk.
      await state.flush();
      send(response, 200, result);
    };

    serve(answer);

    return {
      url,
      close: async () => {
        admin.close();
        scheduler.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await state.close();
        unlock();
      },
    };
  } catch (cause) {
    server.closeAllConnections();
    server.close();
    unlock();
    throw cause;
  }
};
