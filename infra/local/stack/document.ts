import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJson } from '../../../nas/core/json.ts';
import { CONFIG_VARIABLES, configSchema } from '../../../nas/experiment/config.ts';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import type { BatchIdentity } from '../../../store/signed-fetch.ts';
import type { Layout } from './layout.ts';

const port = z.number().int().min(1).max(65_535);

/** What the stack remembers of itself between starts; `stack.json`. */
export const stackSchema = z.strictObject({
  version: z.literal(1),
  ports: z.strictObject({ temporal: port, temporalUi: port, s3: port, batch: port }),
  /** Root credentials of the local S3 server, made at the first start. */
  credentials: z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  /** Jobs that the local Batch endpoint runs at once. */
  slots: z.number().int().min(1),
  /** Hash of the code that the worker and the newest job definition run; absent before the first start. */
  code: z.string().optional(),
  config: configSchema,
});
export type StackDocument = z.infer<typeof stackSchema>;

export const newCredentials = (): StackDocument['credentials'] => ({
  accessKeyId: `NAS${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(24).toString('base64url'),
});

/** The stored document, or undefined when no stack was ever started here. */
export const readStack = (layout: Layout): StackDocument | undefined => {
  let text: string;
  try {
    text = readFileSync(layout.document, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return parseJson(stackSchema, text);
  } catch (cause) {
    throw infrastructureError(
      `${layout.document} is damaged`,
      'delete the file and run nas up; the data beside it stays',
      { cause },
    );
  }
};

export const writeStack = (layout: Layout, stack: StackDocument): void => {
  mkdirSync(layout.home, { recursive: true, mode: 0o700 });
  const staging = `${layout.document}.${process.pid}`;
  writeFileSync(staging, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(staging, layout.document);
};

export const s3Endpoint = (stack: StackDocument): string => `http://127.0.0.1:${stack.ports.s3}`;
export const batchEndpoint = (stack: StackDocument): string => `http://127.0.0.1:${stack.ports.batch}`;
export const temporalUi = (stack: StackDocument): string => `http://127.0.0.1:${stack.ports.temporalUi}`;

/** Who the stack's own commands are to its Batch endpoint. */
export const batchIdentity = (stack: StackDocument): BatchIdentity => ({
  region: stack.config.region,
  credentials: stack.credentials,
});

/**
 * The environment that points the product at the stack: the SDKs' own variables and ours. A variable that is
 * undefined must be absent, or it would turn the SDK to somebody's real account.
 */
export const stackEnvironment = (stack: StackDocument): Record<string, string | undefined> => ({
  // TLS, API keys and profiles belong to servers elsewhere.
  ...Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith('TEMPORAL_'))
      .map((name) => [name, undefined]),
  ),
  ...Object.fromEntries(
    Object.entries(CONFIG_VARIABLES).map(([field, name]) => [
      name,
      stack.config[field as keyof typeof stack.config],
    ]),
  ),
  AWS_ENDPOINT_URL_S3: s3Endpoint(stack),
  AWS_ENDPOINT_URL_BATCH: batchEndpoint(stack),
  AWS_ACCESS_KEY_ID: stack.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stack.credentials.secretAccessKey,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_DEFAULT_REGION: undefined,
});
