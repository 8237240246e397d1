import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { BatchError } from './errors.ts';

/** The one pair of keys that an endpoint serves. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Who a request says signed it, before its body is read. */
interface Claim {
  readonly form: 'header' | 'query';
  readonly signedHeaders: ReadonlySet<string>;
  readonly signature: string;
  readonly date: Date;
  /** Seconds for which a presigned request holds. */
  readonly expiresSeconds?: number;
}

/** Checks AWS Signature Version 4, in a header or presigned, as AWS Batch does. */
interface SignatureCheck {
  /** What the request claims. Throws when it is unsigned, malformed, of another key, scope or time. */
  claim(request: IncomingMessage, target: URL): Claim;
  /** Throws when the signature is not that of this very request. `path` is as it was sent. */
  verify(claim: Claim, request: IncomingMessage, target: URL, body: Buffer): Promise<void>;
}

/** How far the clocks of caller and endpoint may differ. */
const SKEW_SECONDS = 300;
const MAX_EXPIRY_SECONDS = 604_800;
const ALGORITHM = 'AWS4-HMAC-SHA256';
/** What presigning adds to the query, in lower case. */
const QUERY_FIELDS = new Set(
  ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map((name) =>
    `X-Amz-${name}`.toLowerCase(),
  ),
);

const missing = (): BatchError =>
  new BatchError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token');
const incomplete = (message: string): BatchError =>
  new BatchError('IncompleteSignatureException', 403, message);
const unrecognized = (): BatchError =>
  new BatchError(
    'UnrecognizedClientException',
    403,
    'The security token included in the request is invalid.',
  );
const invalid = (message: string): BatchError => new BatchError('InvalidSignatureException', 403, message);

const parseDate = (text: string): Date => {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const date = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(date.getTime()))
    throw incomplete(`Date must be in ISO-8601 'basic format'. Got ${JSON.stringify(text)}.`);
  return date;
};

/** The fields of an Authorization header or of a presigned query, by lower-case name without `x-amz-`. */
const fieldsOf = (
  request: IncomingMessage,
  target: URL,
): { form: Claim['form']; algorithm: string; fields: ReadonlyMap<string, string> } => {
  const header = request.headers.authorization;
  const isPresigned = [...target.searchParams.keys()].some((name) => QUERY_FIELDS.has(name.toLowerCase()));
  if (header === undefined && !isPresigned) throw missing();
  if (header !== undefined && isPresigned)
    throw incomplete('A request is signed by its Authorization header or by its query, not by both.');
  if (header !== undefined) {
    const [, algorithm = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(header) ?? [];
    const fields = new Map<string, string>();
    for (const part of rest.split(',')) {
      const at = part.indexOf('=');
      fields.set(part.slice(0, Math.max(0, at)).trim().toLowerCase(), part.slice(at + 1).trim());
    }
    const date = request.headers['x-amz-date'];
    if (typeof date === 'string') fields.set('date', date);
    return { form: 'header', algorithm, fields };
  }
  const fields = new Map<string, string>();
  for (const [name, value] of target.searchParams) {
    const field = name.toLowerCase();
    if (!QUERY_FIELDS.has(field)) continue;
    if (fields.has(field.slice('x-amz-'.length))) throw incomplete(`${name} is given twice.`);
    fields.set(field.slice('x-amz-'.length), value);
  }
  return { form: 'query', algorithm: fields.get('algorithm') ?? '', fields };
};

const queryOf = (target: URL, form: Claim['form']): Record<string, string[]> => {
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of target.searchParams) {
    if (form === 'query' && QUERY_FIELDS.has(name.toLowerCase())) continue;
    (query[name] ??= []).push(value);
  }
  return query;
};

export const createSignatureCheck = (
  credentials: Credentials,
  region: string,
  now: () => number = Date.now,
): SignatureCheck => {
  const signer = new SignatureV4({
    credentials,
    region,
    service: 'batch',
    sha256: Sha256,
    applyChecksum: false,
  });

  const checkTime = ({ date, expiresSeconds }: Pick<Claim, 'date' | 'expiresSeconds'>): void => {
    const age = (now() - date.getTime()) / 1000;
    if (age < -SKEW_SECONDS)
      throw invalid(`Signature not yet current: ${date.toISOString()} is more than 5 minutes ahead.`);
    if (age > (expiresSeconds ?? SKEW_SECONDS))
      throw invalid(`Signature expired: ${date.toISOString()} is too long ago.`);
  };

  return {
    claim: (request, target) => {
      const { form, algorithm, fields } = fieldsOf(request, target);
      if (algorithm !== ALGORITHM)
        throw incomplete(`Unsupported algorithm ${JSON.stringify(algorithm)}; allowed is ${ALGORITHM}.`);
      const field = (name: string): string => {
        const value = fields.get(name);
        if (value === undefined || value === '') throw incomplete(`Authorization requires '${name}'.`);
        return value;
      };
      const [key, day, place, service, kind, ...more] = field('credential').split('/');
      if (key !== credentials.accessKeyId) throw unrecognized();
      const text = field('date');
      const date = parseDate(text);
      const wanted = `${text.slice(0, 8)}/${region}/batch/aws4_request`;
      if (more.length > 0 || [day, place, service, kind].join('/') !== wanted)
        throw invalid(`Credential should be scoped to ${wanted}.`);
      // There is one pair of keys, and it has no session.
      if (request.headers['x-amz-security-token'] !== undefined) throw unrecognized();
      if (target.searchParams.has('X-Amz-Security-Token')) throw unrecognized();
      const signedHeaders = new Set(field('signedheaders').split(';'));
      const mustSign = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
      for (const name of ['host', ...mustSign])
        if (!signedHeaders.has(name)) throw incomplete(`'${name}' must be among the signed headers.`);
      const claim = { form, signedHeaders, signature: field('signature'), date };
      if (form === 'header') {
        checkTime(claim);
        return claim;
      }
      const expiresSeconds = Number(field('expires'));
      if (!(Number.isInteger(expiresSeconds) && expiresSeconds >= 1 && expiresSeconds <= MAX_EXPIRY_SECONDS))
        throw incomplete(`X-Amz-Expires must be between 1 and ${MAX_EXPIRY_SECONDS} seconds.`);
      checkTime({ date, expiresSeconds });
      return { ...claim, expiresSeconds };
    },

    verify: async (claim, request, target, body) => {
      const { form, signedHeaders, date, expiresSeconds } = claim;
      const bodyHash = createHash('sha256').update(body).digest('hex');
      const declared = request.headers['x-amz-content-sha256'];
      if (declared !== undefined && declared !== bodyHash)
        throw invalid('x-amz-content-sha256 is not the hash of the body.');
      const headers: Record<string, string> = {};
      for (const name of signedHeaders) {
        const value = request.headers[name];
        if (value === undefined) throw invalid(`the signed header '${name}' is missing.`);
        headers[name] = [value].flat().join(',');
      }
      const unsigned = {
        method: request.method ?? 'GET',
        protocol: target.protocol,
        hostname: target.hostname,
        path: target.pathname,
        query: queryOf(target, form),
        headers,
        body,
      };
      const options = { signingDate: date, signableHeaders: new Set(signedHeaders) };
      const expected =
        form === 'header'
          ? /Signature=([0-9a-f]+)$/.exec(
              (await signer.sign(unsigned, options)).headers['authorization'] ?? '',
            )?.[1]
          : (await signer.presign(unsigned, { ...options, expiresIn: expiresSeconds ?? 1 })).query?.[
              'X-Amz-Signature'
            ];
      const [a, b] = [Buffer.from(String(expected)), Buffer.from(claim.signature)];
      if (a.length !== b.length || !timingSafeEqual(a, b))
        throw invalid(
          'The request signature we calculated does not match the signature you provided. ' +
            'Check your AWS Secret Access Key and signing method.',
        );
    },
  };
};
