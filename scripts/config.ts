import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { batchEndpoint, readStack, stackEnvironment, temporalUi } from '../infra/local/stack/document.ts';
import { layoutOf, REPOSITORY, stackHome } from '../infra/local/stack/layout.ts';
import { readTextFile } from '../infra/read-text-file.ts';
import { CONFIG_VARIABLES, configSchema } from '../nas/experiment/config.ts';
import type { Config } from '../nas/experiment/config.ts';
import { infrastructureError } from '../nas/core/infrastructure-error.ts';
import { inputError, inputErrors } from '../nas/core/input-error.ts';
import { suggestion } from '../nas/core/nearest.ts';
import { parseYaml } from '../nas/core/yaml-text.ts';

/** The embedded stack, where the configuration points at it. */
export interface EmbeddedStack {
  /** Folder of its state. */
  readonly home: string;
  /** URL of the local Batch endpoint, its administration included. */
  readonly batch: string;
  /** URL of Temporal's web page. */
  readonly temporalUi: string;
}

export interface LoadedConfig extends Config {
  /** Where the values come from, for messages: `nas.config.yaml`, `environment` or `embedded stack`. */
  readonly source: string;
  readonly embedded?: EmbeddedStack;
}

const FIELDS = Object.keys(CONFIG_VARIABLES) as (keyof Config)[];

type Place = (field: string) => string;

const readConfigFile = (
  path: string,
): { readonly values: Readonly<Record<string, unknown>>; readonly place: Place } => {
  if (!existsSync(path)) return { values: {}, place: () => path };
  const text = readTextFile(path, { field: 'configuration', what: 'a YAML file', fix: 'see docs/aws.md' });
  const { value, place } = parseYaml(text, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw inputError(path, value, `a mapping with ${FIELDS.join(', ')}`, 'see docs/aws.md');
  return { values: { ...value }, place: (field) => place([field]) };
};

/** Throws one `InputError` that lists every wrong field. */
const configured = (path: string, env: NodeJS.ProcessEnv): Config => {
  const { values: written, place } = readConfigFile(path);
  const given = FIELDS.flatMap((field) => {
    const value = env[CONFIG_VARIABLES[field]];
    return value === undefined || value === '' ? [] : [[field, value] as const];
  });
  const values: Readonly<Record<string, unknown>> = { ...written, ...Object.fromEntries(given) };
  const unknown = Object.keys(written).filter((name) => !FIELDS.includes(name as keyof Config));
  const parsed = configSchema.safeParse(
    Object.fromEntries(Object.entries(values).filter(([name]) => !unknown.includes(name))),
  );
  if (parsed.success && unknown.length === 0) return parsed.data;
  const [first, ...rest] = [
    ...unknown.map((name) =>
      inputError(
        `${place(name)} ${name}`,
        written[name],
        FIELDS.join(', '),
        suggestion(name, FIELDS, 'remove or rename the field'),
      ),
    ),
    ...(parsed.error?.issues ?? []).map(({ path: [name], message }) => {
      const field = String(name) as keyof Config;
      const fromFile = written[field] !== undefined && !given.some(([other]) => other === field);
      return inputError(
        `${fromFile ? `${place(field)} ` : ''}configuration ${field}`,
        values[field] ?? null,
        message,
        `set ${field} in ${path} or ${CONFIG_VARIABLES[field]} in the environment; without both files and NAS_BUCKET the embedded stack is used (nas up)`,
      );
    }),
  ];
  throw first === undefined ? parsed.error : inputErrors([first, ...rest]);
};

/**
 * Where to run: the environment over `nas.config.yaml` where either names a bucket, else the embedded stack.
 * The two never mix, so that no half of a command reaches another account.
 * @throws InputError for a bad value, InfrastructureError when there is no stack
 */
export const loadConfig = (
  options: { readonly env?: NodeJS.ProcessEnv; readonly file?: string } = {},
): LoadedConfig => {
  const { env = process.env } = options;
  const file = options.file ?? (env['NAS_CONFIG'] || join(REPOSITORY, 'nas.config.yaml'));
  if (existsSync(file) || env['NAS_BUCKET'] !== undefined) {
    return { ...configured(file, env), source: existsSync(file) ? file : 'environment' };
  }
  const home = stackHome(env);
  const stack = readStack(layoutOf(home));
  if (stack === undefined) {
    throw infrastructureError(
      `there is no embedded stack in ${home} and no ${file}`,
      'nas up starts one on this machine; docs/aws.md says how to use AWS',
    );
  }
  return {
    ...stack.config,
    source: 'embedded stack',
    embedded: { home, batch: batchEndpoint(stack), temporalUi: temporalUi(stack) },
  };
};

/**
 * `loadConfig`, and points this process's AWS SDK clients at the same place through their own environment
 * variables.
 */
export const useConfig = (options: Parameters<typeof loadConfig>[0] = {}): LoadedConfig => {
  const config = loadConfig(options);
  const stack = config.embedded === undefined ? undefined : readStack(layoutOf(config.embedded.home));
  const variables: Record<string, string | undefined> =
    stack === undefined
      ? Object.fromEntries(FIELDS.map((field) => [CONFIG_VARIABLES[field], config[field]]))
      : stackEnvironment(stack);
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return config;
};
