import {
  DescribeJobsCommand,
  ListTagsForResourceCommand,
  RegisterJobDefinitionCommand,
} from '@aws-sdk/client-batch';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { request } from 'node:http';
import type { HttpRequest } from '@smithy/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedFetch } from '../../../store/signed-fetch.ts';
import { clientOf, startHarness, TEST_IDENTITY } from './harness.ts';
import type { Harness } from './harness.ts';
import type { Exchange } from './service-model.ts';

const exchanges: Exchange[] = [];
let h: Harness;
beforeAll(async () => void (h = await startHarness(exchanges, { slots: 1 })));
afterAll(() => h.close());

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly body?: string;
}
interface Answer {
  readonly status: number;
  readonly type?: string | undefined;
  readonly text: string;
  readonly headers: Record<string, unknown>;
}

/** The request to the byte: neither paths nor headers are tidied. */
const send = ({ method, path, headers, body }: Sent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(h.batch.url);
    const sent = request({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['x-amzn-errortype'] as string | undefined,
          text,
          headers: response.headers,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

const signer = (change: Partial<ConstructorParameters<typeof SignatureV4>[0]> = {}): SignatureV4 =>
  new SignatureV4({ ...TEST_IDENTITY, service: 'batch', sha256: Sha256, ...change });

const plain = (path: string, body?: object, headers: Record<string, string> = {}): HttpRequest => {
  const [pathname = '', search = ''] = path.split('?');
  return {
    method: body === undefined ? 'GET' : 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: pathname,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: {
      host: new URL(h.batch.url).host,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
};
const asSent = ({ method, path, query = {}, headers, body }: HttpRequest): Sent => {
  const search = new URLSearchParams(query as Record<string, string>).toString();
  return {
    method,
    path: search === '' ? path : `${path}?${search}`,
    headers,
    ...(typeof body === 'string' ? { body } : {}),
  };
};
const signed = async (
  path: string,
  body?: object,
  {
    at = new Date(),
    by = signer(),
    headers = {},
  }: { at?: Date; by?: SignatureV4; headers?: Record<string, string> } = {},
): Promise<Sent> => asSent(await by.sign(plain(path, body, headers), { signingDate: at }));

const MISSING = [403, 'MissingAuthenticationTokenException'] as const;
const INVALID = [403, 'InvalidSignatureException'] as const;
const INCOMPLETE = [403, 'IncompleteSignatureException'] as const;
const UNKNOWN = [403, 'UnrecognizedClientException'] as const;
const DENIED = [403, 'AccessDeniedException'] as const;
const MEDIA = [415, 'UnsupportedMediaTypeException'] as const;
const BAD_PATH = [400, 'ClientException'] as const;
const outcome = ({ status, type }: Answer) => [status, type];

const EVIL = {
  jobDefinitionName: 'evil',
  type: 'container',
  containerProperties: { image: 'i', command: ['id'] },
};
const REGISTER = '/v1/registerjobdefinition';
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
const replaced = async (header: string, change: (value: string) => string): Promise<Sent> => {
  const sent = await signed(REGISTER, EVIL);
  return { ...sent, headers: { ...sent.headers, [header]: change(String(sent.headers[header])) } };
};

describe('whoever does not sign with the keys of the stack', () => {
  it.each<[string, readonly [number, string], () => Promise<Sent> | Sent]>([
    ['nobody', MISSING, () => asSent(plain(REGISTER, EVIL))],
    ['nobody, reading the state', MISSING, () => asSent(plain('/_local/state'))],
    ['nobody, reading a log', MISSING, () => asSent(plain('/_local/logs?jobId=x'))],
    ['nobody, changing the capacity', MISSING, () => asSent(plain('/_local/capacity', { slots: 0 }))],
    ['nobody, reclaiming', MISSING, () => asSent(plain('/_local/reclaim', {}))],
    ['nobody, stopping a trace', MISSING, () => ({ ...asSent(plain('/_local/trace')), method: 'DELETE' })],
    ['nobody, at a path that is not served', MISSING, () => asSent(plain('/v1/nothing', {}))],
    [
      'nobody, with basic authentication',
      INCOMPLETE,
      () => asSent(plain(REGISTER, EVIL, { authorization: 'Basic eDp5' })),
    ],
    [
      'another key',
      UNKNOWN,
      () =>
        signed(REGISTER, EVIL, {
          by: signer({ credentials: { accessKeyId: 'AKIA', secretAccessKey: 'test' } }),
        }),
    ],
    [
      'another secret',
      INVALID,
      () =>
        signed(REGISTER, EVIL, {
          by: signer({ credentials: { accessKeyId: 'test', secretAccessKey: 'guess' } }),
        }),
    ],
    [
      'a session token',
      UNKNOWN,
      () =>
        signed(REGISTER, EVIL, {
          by: signer({ credentials: { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 'x' } }),
        }),
    ],
    ['another service', INVALID, () => signed(REGISTER, EVIL, { by: signer({ service: 's3' }) })],
    ['another region', INVALID, () => signed(REGISTER, EVIL, { by: signer({ region: 'eu-west-1' }) })],
    ['a signature of six minutes ago', INVALID, () => signed(REGISTER, EVIL, { at: minutesAgo(6) })],
    ['a signature of yesterday', INVALID, () => signed(REGISTER, EVIL, { at: minutesAgo(1440) })],
    ['a signature of the future', INVALID, () => signed(REGISTER, EVIL, { at: minutesAgo(-6) })],
    [
      'a changed date',
      INVALID,
      () =>
        replaced('x-amz-date', () =>
          minutesAgo(1)
            .toISOString()
            .replace(/[-:]|\.\d+/g, ''),
        ),
    ],
    [
      'no date',
      INCOMPLETE,
      async () => {
        const sent = await signed(REGISTER, EVIL);
        const { 'x-amz-date': _date, ...headers } = sent.headers;
        return { ...sent, headers };
      },
    ],
    ['a date that is none', INCOMPLETE, () => replaced('x-amz-date', () => 'now')],
    [
      'a changed body',
      INVALID,
      async () => ({ ...(await signed(REGISTER, {})), body: JSON.stringify(EVIL) }),
    ],
    [
      'a changed body and its hash',
      INVALID,
      async () => {
        const [sent, other] = [await signed(REGISTER, {}), await signed(REGISTER, EVIL)];
        const hash = { 'x-amz-content-sha256': other.headers['x-amz-content-sha256'] as string };
        return { ...other, headers: { ...sent.headers, ...hash } };
      },
    ],
    [
      'a body that is not signed',
      INVALID,
      () => signed(REGISTER, EVIL, { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    ],
    ['another path', INVALID, async () => ({ ...(await signed('/v1/describejobs', EVIL)), path: REGISTER })],
    ['another method', INVALID, async () => ({ ...(await signed('/_local/trace')), method: 'DELETE' })],
    [
      'another query',
      INVALID,
      async () => ({ ...(await signed('/_local/logs?jobId=a')), path: '/_local/logs?jobId=b' }),
    ],
    [
      'a query that was not signed',
      INVALID,
      async () => ({ ...(await signed('/_local/state')), path: '/_local/state?x=1' }),
    ],
    [
      'a header that was signed otherwise',
      INVALID,
      () => replaced('content-type', () => 'application/x-amz-json-1.1'),
    ],
    [
      'an x-amz header that was not signed',
      INCOMPLETE,
      async () => {
        const sent = await signed(REGISTER, EVIL);
        return { ...sent, headers: { ...sent.headers, 'x-amz-extra': '1' } };
      },
    ],
    [
      'host not among the signed headers',
      INCOMPLETE,
      () => replaced('authorization', (v) => v.replace('host;', '')),
    ],
    [
      'a signature of another host',
      INVALID,
      () => replaced('host', (v) => v.replace('127.0.0.1', 'localhost')),
    ],
    ['half a signature', INVALID, () => replaced('authorization', (v) => v.slice(0, -32))],
    ['no signature', INCOMPLETE, () => replaced('authorization', (v) => v.replace(/Signature=.*/, ''))],
    [
      'an upper-case signature',
      INVALID,
      () =>
        replaced('authorization', (v) =>
          v.replace(/[0-9a-f]+$/, (x) => x.toUpperCase().replace(/^\d+$/, 'A')),
        ),
    ],
    [
      'a signed header that is not there',
      INVALID,
      () => replaced('authorization', (v) => v.replace('host;', 'host;prototype;')),
    ],
    [
      'another algorithm',
      INCOMPLETE,
      () => replaced('authorization', (v) => v.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')),
    ],
  ])('is refused: %s', async (_, refusal, prepare) => {
    const answer = await send(await prepare());
    expect(outcome(answer)).toEqual(refusal);
    expect(JSON.parse(answer.text)).toEqual({ message: expect.any(String) as string });
    expect(answer.text).not.toContain('guess');
  });

  it('learns nothing more by presigning, and has to do it in time', async () => {
    const presigned = async (by: SignatureV4, at = new Date(), expiresIn = 60): Promise<Sent> =>
      asSent(await by.presign(plain('/_local/state'), { signingDate: at, expiresIn }));
    const mine = await presigned(signer());
    expect((await send(mine)).status).toBe(200);
    const other = signer({ credentials: { accessKeyId: 'test', secretAccessKey: 'guess' } });
    expect(outcome(await send(await presigned(other)))).toEqual(INVALID);
    expect(outcome(await send(await presigned(signer(), minutesAgo(2))))).toEqual(INVALID);
    expect((await send(await presigned(signer(), minutesAgo(60), 7200))).status).toBe(200);
    const longer = { ...mine, path: mine.path.replace('X-Amz-Expires=60', 'X-Amz-Expires=600') };
    expect(outcome(await send(longer))).toEqual(INVALID);
    const both = { ...mine, headers: (await signed('/_local/state')).headers };
    expect(outcome(await send(both))).toEqual(INCOMPLETE);
    expect(outcome(await send({ ...mine, path: `${mine.path}&X-Amz-Expires=60` }))).toEqual(INCOMPLETE);
  });

  it('has started nothing', async () => {
    const { jobDefinitions } = await h.client.send(
      new (await import('@aws-sdk/client-batch')).DescribeJobDefinitionsCommand({
        jobDefinitionName: 'evil',
      }),
    );
    expect(jobDefinitions).toEqual([]);
  });
});

describe('a web page', () => {
  it.each<[string, readonly [number, string], Record<string, string | string[]>]>([
    ['its text', MEDIA, { 'content-type': 'text/plain' }],
    ['a form', MEDIA, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a blob without a type', MEDIA, { 'content-type': '' }],
    ['text that says JSON too', MEDIA, { 'content-type': 'text/plain; x=application/json' }],
    ['JSON of another charset', MEDIA, { 'content-type': 'application/json; charset=utf-16' }],
    ['compressed JSON', MEDIA, { 'content-encoding': 'gzip' }],
    ['from anywhere', DENIED, { origin: 'http://evil.example' }],
    ['from this very endpoint', DENIED, { origin: 'http://127.0.0.1:7171' }],
    ['from a file', DENIED, { origin: 'null' }],
    ['by a name that was bound to this machine', DENIED, { host: 'evil.example' }],
    ['by such a name with the port', DENIED, { host: 'evil.example:7171' }],
    ['by a name that begins as this machine does', DENIED, { host: '127.0.0.1.evil.example' }],
    ['by a name with a user', DENIED, { host: 'evil.example@127.0.0.1' }],
    ['by all addresses', DENIED, { host: '0.0.0.0:7171' }],
    ['by no name', DENIED, { host: '' }],
  ])('is refused even with the right signature: %s', async (_, refusal, headers) => {
    for (const path of [REGISTER, '/_local/reclaim']) {
      const sent = await signed(path, EVIL);
      expect(outcome(await send({ ...sent, headers: { ...sent.headers, ...headers } }))).toEqual(refusal);
    }
  });

  it('is not told by a preflight that it may ask', async () => {
    const answer = await send({
      method: 'OPTIONS',
      path: REGISTER,
      headers: { host: '127.0.0.1', origin: 'http://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(outcome(answer)).toEqual(DENIED);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('does not reach the metadata of a machine either', async () => {
    const path = '/_imds/i-0/latest/api/token';
    for (const headers of [{ host: 'evil.example' }, { host: '127.0.0.1', origin: 'http://evil.example' }])
      expect(outcome(await send({ method: 'PUT', path, headers }))).toEqual(DENIED);
    expect((await send({ method: 'PUT', path, headers: { host: '127.0.0.1' } })).status).toBe(404);
  });
});

it.each([
  '//v1/describejobs',
  '/v1/../_local/state',
  '/v1//describejobs',
  '/./_local/state',
  '/%2e%2e/_local/state',
  '/_local\\state',
  '/_local/%zz',
  'http://evil.example/_local/state',
  '*',
])('the path %s has no second meaning', async (path) => {
  expect(outcome(await send({ ...(await signed('/_local/state')), path }))).toEqual(BAD_PATH);
});

describe('a body too large', () => {
  const large = async (path: string, bytes: number): Promise<Answer> =>
    send(await signed(path, { text: 'x'.repeat(bytes) }));
  it('is refused', async () => {
    expect(outcome(await large(REGISTER, 1024 * 1024))).toEqual([400, 'ClientException']);
  });
  it('is not even read from a stranger', async () => {
    const sent = asSent(plain(REGISTER, EVIL, { 'content-length': String(10_000_000_000) }));
    const { body: _body, ...headless } = sent;
    const { port } = new URL(h.batch.url);
    const status = await new Promise((resolve, reject) => {
      const open = request({ host: '127.0.0.1', port, ...headless, setHost: false }, (response) => {
        resolve(response.statusCode);
        open.destroy();
      });
      open.on('error', reject);
      open.write('{');
    });
    expect(status).toBe(403);
  });
});

describe('a body that is wrong', () => {
  it.each<[string, object]>([
    ['in a long value', { jobs: ['x'.repeat(300_000)].concat(Array.from({ length: 100 }, () => 'x')) }],
    ['in many values', { jobs: Array.from({ length: 50_000 }, () => 1) }],
  ])('%s is refused without repeating it', async (_, body) => {
    const answer = await send(await signed('/v1/describejobs', body));
    expect(outcome(answer)).toEqual([400, 'ClientException']);
    expect(answer.text.length).toBeLessThan(5_000);
  });

  it('in brackets without end is refused, not met as a fault of the server', async () => {
    const text = `{"jobs":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const body = await signer().sign({ ...plain('/v1/describejobs', {}), body: text });
    expect(outcome(await send(asSent(body)))).toEqual([400, 'ClientException']);
  });
});

describe('who signs with the keys of the stack', () => {
  it('is served, whatever characters the path and the query hold', async () => {
    const { jobDefinitionArn = '' } = await h.client.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'tagged',
        type: 'container',
        containerProperties: {
          image: 'i',
          command: ['true'],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '64' },
          ],
        },
        tags: { 'a b+c/d=ü': 'x' },
      }),
    );
    const tags = await h.client.send(new ListTagsForResourceCommand({ resourceArn: jobDefinitionArn }));
    expect(tags.tags).toMatchObject({ 'a b+c/d=ü': 'x' });
    const strange = new URL('/_local/logs?jobId=a%20b%2Bc%26d%3D%C3%BC', h.batch.url);
    expect((await (await signedFetch(strange, TEST_IDENTITY)).json()) as object).toEqual({
      message: expect.stringContaining('job "a b+c&d=ü" does not exist') as string,
    });
  });

  it.each(['application/x-amz-json-1.0', 'application/x-amz-json-1.1', 'application/json; charset=utf-8'])(
    'may say %s',
    async (type) => {
      const answer = await send(
        await signed('/v1/describejobs', { jobs: [] }, { headers: { 'content-type': type } }),
      );
      expect(answer.status).toBe(200);
    },
  );

  it('may be four minutes behind or ahead', async () => {
    for (const minutes of [4, -4])
      expect((await send(await signed('/_local/state', undefined, { at: minutesAgo(minutes) }))).status).toBe(
        200,
      );
  });

  it('gets the errors of AWS as the SDK names them', async () => {
    const wrong = clientOf(h.batch.url, []);
    wrong.config.credentials = () => Promise.resolve({ accessKeyId: 'test', secretAccessKey: 'guess' });
    await expect(wrong.send(new DescribeJobsCommand({ jobs: [] }))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 403 },
    });
    wrong.destroy();
  });
});
