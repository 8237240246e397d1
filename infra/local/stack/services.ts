import { mkdirSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../../nas/protocol/search-attributes.ts';
import { codeRoot } from './code.ts';
import { stackEnvironment } from './document.ts';
import type { StackDocument } from './document.ts';
import { REPOSITORY } from './layout.ts';
import type { Layout } from './layout.ts';
import type { ProcessSpec } from './processes.ts';

export const SERVICES = ['temporal', 's3', 'batch', 'worker'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The servers that set-up found or installed. */
export interface ToolPaths {
  readonly temporal: string;
  readonly versitygw: string;
}

/** How long each process gets to end by itself, milliseconds. */
export const GRACE_MS: Record<ServiceName, number> = {
  worker: 20_000,
  batch: 10_000,
  temporal: 10_000,
  s3: 5_000,
};

/**
 * Temporal's development server: real server, one SQLite file, its web page. It also listens for HTTP on a
 * port that it chooses, which nothing of ours uses and which would obey any web page: no Host is allowed
 * there.
 */
export const temporalServer = (
  tool: string,
  options: {
    readonly port: number;
    readonly uiPort?: number;
    readonly database?: string;
    readonly cwd: string;
  },
): ProcessSpec => ({
  name: 'temporal',
  command: tool,
  args: [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
    ...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]),
    ...(options.database === undefined ? [] : ['--db-filename', options.database]),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${type.charAt(0)}${type.slice(1).toLowerCase()}`,
    ]),
    ...['--dynamic-config-value', 'frontend.httpAllowedHosts=["http-is-not-served.invalid"]'],
    ...['--log-level', 'warn', '--log-format', 'json'],
  ],
  inherits: 'basics',
  env: {},
  cwd: options.cwd,
});

/** versitygw over two folders: a bucket is a folder, an object a file with extended attributes. */
export const s3Server = (
  tool: string,
  options: {
    readonly port: number;
    readonly objects: string;
    readonly versions: string;
    readonly credentials: StackDocument['credentials'];
    readonly region: string;
  },
): ProcessSpec => {
  for (const folder of [options.objects, options.versions]) {
    if (!isAbsolute(folder)) throw new TypeError(`s3Server: ${folder} must be absolute`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return {
    name: 's3',
    command: tool,
    args: [
      ...[
        '--port',
        `127.0.0.1:${options.port}`,
        '--region',
        options.region,
        '--health',
        '/_health',
        '--quiet',
      ],
      ...['posix', '--versioning-dir', options.versions, '--dir-perms', '0700', '--file-perms', '0600'],
      options.objects,
    ],
    inherits: 'basics',
    env: {
      ROOT_ACCESS_KEY: options.credentials.accessKeyId,
      ROOT_SECRET_KEY: options.credentials.secretAccessKey,
    },
    cwd: options.objects,
  };
};

const nodeProgram = (
  root: string,
  file: string,
  ...args: string[]
): Pick<ProcessSpec, 'command' | 'args' | 'cwd'> => ({
  command: process.execPath,
  args: ['scripts/run.mjs', file, ...args],
  cwd: root,
});

/** The four processes of a stack. */
export const serviceSpecs = (
  layout: Layout,
  stack: StackDocument,
  tools: ToolPaths,
): Record<ServiceName, ProcessSpec> => {
  const env = stackEnvironment(stack);
  return {
    temporal: temporalServer(tools.temporal, {
      port: stack.ports.temporal,
      uiPort: stack.ports.temporalUi,
      database: resolve(layout.temporalDatabase),
      cwd: layout.home,
    }),
    s3: s3Server(tools.versitygw, {
      port: stack.ports.s3,
      objects: resolve(layout.s3Objects),
      versions: resolve(layout.s3Versions),
      credentials: stack.credentials,
      region: stack.config.region,
    }),
    batch: {
      name: 'batch',
      ...nodeProgram(
        REPOSITORY,
        'infra/local/batch/main.ts',
        ...['--port', String(stack.ports.batch), '--state', resolve(layout.batchState)],
        ...['--cwd', REPOSITORY],
      ),
      inherits: 'all',
      env,
    },
    // Replaced whenever its code is another one: the folder is part of the specification.
    worker: {
      name: 'worker',
      ...nodeProgram(
        stack.code === undefined ? REPOSITORY : resolve(codeRoot(layout, stack.code)),
        'containers/worker/main.ts',
      ),
      inherits: 'all',
      env,
    },
  };
};
