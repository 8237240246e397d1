import { hostname } from 'node:os';
import { CONFIG_VARIABLES, configSchema } from '../../nas/experiment/config.ts';
import type { Config } from '../../nas/experiment/config.ts';
import { inputError } from '../../nas/core/input-error.ts';

/** The worker's configuration, from environment variables alone. Throws `InputError` naming the variable. */
export const configFromEnvironment = (environment: NodeJS.ProcessEnv): Config => {
  const values = Object.fromEntries(
    Object.entries(CONFIG_VARIABLES).flatMap(([field, variable]) => {
      const value = environment[variable];
      return value === undefined || value === '' ? [] : [[field, value]];
    }),
  );
  const parsed = configSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path[0] as keyof Config;
  const variable = CONFIG_VARIABLES[field];
  throw inputError(
    variable,
    environment[variable] ?? null,
    issue?.message ?? 'see docs/aws.md',
    `set ${variable} in the worker's environment`,
    { cause: parsed.error },
  );
};

/**
 * What the worker calls itself at Temporal, which lists it for minutes after it has died: pid and host come
 * again, the token that whoever starts it gives it does not.
 */
export const workerIdentity = ({ NAS_START: token }: NodeJS.ProcessEnv): string =>
  `${process.pid}@${hostname()}${token === undefined ? '' : `#${token}`}`;
