import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';

/** Who asks, and of which region's Batch. */
export interface BatchIdentity {
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** The identity that the AWS SDKs find in these variables; undefined where they are not set. */
export const identityOf = (env: NodeJS.ProcessEnv): BatchIdentity | undefined => {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return {
    region: env['AWS_REGION'] ?? 'us-east-1',
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  };
};

/**
 * A request to the local Batch endpoint's own interface (`/_local/…`), signed as the AWS SDKs sign theirs.
 */
export const signedFetch = async (
  url: URL,
  identity: BatchIdentity,
  {
    method = 'GET',
    body,
    signal,
  }: { readonly method?: string; readonly body?: object; readonly signal?: AbortSignal } = {},
): Promise<Response> => {
  const signer = new SignatureV4({ ...identity, service: 'batch', sha256: Sha256 });
  const text = body === undefined ? undefined : JSON.stringify(body);
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(text === undefined ? {} : { 'content-type': 'application/json' }) },
    body: text,
  });
  // Fetch writes the Host header itself, from the same URL.
  const { host: _host, ...sent } = headers;
  return fetch(url, {
    method,
    headers: sent,
    ...(text === undefined ? {} : { body: text }),
    ...(signal === undefined ? {} : { signal }),
  });
};
