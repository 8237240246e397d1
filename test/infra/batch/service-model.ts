import type { BatchClientConfig } from '@aws-sdk/client-batch';
import { spawn } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import path from 'node:path';
import { pythonPackages } from '../../support/python-packages.ts';

/** One raw answer of the endpoint. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly errorType?: string;
  readonly body: string;
}

type Handler = Extract<NonNullable<BatchClientConfig['requestHandler']>, { handle: unknown }>;

/** An HTTP handler for SDK clients that keeps every raw answer before the SDK reads it. */
export const recordingHandler = (exchanges: Exchange[]): Handler => {
  const agent = new http.Agent({ keepAlive: true });
  const handler = {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => agent.destroy(),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    handle: async (request: {
      method: string;
      hostname: string;
      port?: number;
      path: string;
      query?: Record<string, string | string[] | null>;
      headers: Record<string, string>;
      body?: string | Uint8Array;
    }) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(request.query ?? {}))
        for (const item of [value].flat()) query.append(name, item ?? '');
      const target = request.path + (query.size > 0 ? `?${query}` : '');
      const answer = await new Promise<{ response: IncomingMessage; body: Buffer }>((resolve, reject) => {
        const call = http.request(
          {
            agent,
            method: request.method,
            hostname: request.hostname,
            port: request.port,
            path: target,
            headers: request.headers,
          },
          (response) => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part));
            response.on('end', () => resolve({ response, body: Buffer.concat(parts) }));
          },
        );
        call.on('error', reject);
        call.end(request.body);
      });
      const headers = answer.response.headers as Record<string, string>;
      const errorType = headers['x-amzn-errortype'];
      exchanges.push({
        method: request.method,
        path: request.path,
        status: answer.response.statusCode ?? 0,
        ...(errorType === undefined ? {} : { errorType }),
        body: answer.body.toString('utf8'),
      });
      return {
        response: {
          statusCode: answer.response.statusCode ?? 0,
          headers,
          body: new Uint8Array(answer.body),
        },
      };
    },
  };
  return handler as unknown as Handler;
};

/**
 * botocore and boto3, for the service model and as a second client; pinned, installed once into the cache.
 */
const packages = (): Promise<string> => pythonPackages('boto3-1.42.97', ['boto3==1.42.97']);

/** Runs a Python program of this folder; returns its output, or throws with what it wrote to stderr. */
export const runPython = async (
  file: string,
  args: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = {},
): Promise<string> => {
  const child = spawn('python3', [path.join(import.meta.dirname, file), ...args], {
    env: { ...process.env, PYTHONPATH: await packages(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${file} ended with ${code}\n${output}${errors}`);
  return output;
};

/**
 * What in these answers breaks AWS's own model of the service, one line a finding, and how many were checked.
 */
export const validateExchanges = async (
  exchanges: readonly Exchange[],
): Promise<{ readonly checked: number; readonly operations: string[]; readonly findings: string[] }> =>
  JSON.parse(await runPython('validate_responses.py', [], JSON.stringify(exchanges))) as Awaited<
    ReturnType<typeof validateExchanges>
  >;
