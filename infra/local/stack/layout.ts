import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository: where commands of the stack run. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** Every file of the embedded stack, all below one folder. */
export interface Layout {
  readonly home: string;
  /** Ports, credentials and names: `stackSchema`. */
  readonly document: string;
  /** Held by the one `nas up` or `nas down` that may change the stack. */
  readonly lock: string;
  readonly logs: string;
  readonly processes: string;
  readonly temporalDatabase: string;
  readonly s3: string;
  /** Buckets as folders. */
  readonly s3Objects: string;
  readonly s3Versions: string;
  readonly batchState: string;
  /** Copies of the code that worker and jobs run, each in a folder named by its hash. */
  readonly code: string;
}

export const layoutOf = (home: string): Layout => ({
  home,
  document: join(home, 'stack.json'),
  lock: join(home, 'lock'),
  logs: join(home, 'logs'),
  processes: join(home, 'processes'),
  temporalDatabase: join(home, 'temporal.db'),
  s3: join(home, 's3'),
  s3Objects: join(home, 's3', 'objects'),
  s3Versions: join(home, 's3', 'versions'),
  batchState: join(home, 'batch'),
  code: join(home, 'code'),
});

/** `.nas` in the repository; NAS_HOME moves it, unless it is empty. */
export const stackHome = (env: NodeJS.ProcessEnv = process.env): string =>
  resolve(env['NAS_HOME'] || join(REPOSITORY, '.nas'));
