import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Config } from '../../nas/experiment/config.ts';
import { inputError } from '../../nas/core/input-error.ts';

/** What both the client's and the worker's connection take. */
type TemporalConnection = Pick<NativeConnectionOptions, 'apiKey' | 'metadata' | 'tls'> & {
  readonly address: string;
};

/**
 * How to reach the Temporal frontend: the address of the configuration; TLS, client certificate, API key and
 * headers by the variables that all of Temporal's tools read (`TEMPORAL_TLS…`, `TEMPORAL_API_KEY`,
 * `TEMPORAL_GRPC_META_…`), and by their profile file where `TEMPORAL_PROFILE` or `TEMPORAL_CONFIG_FILE` names
 * one: a profile that is merely there belongs to another server. An API key turns TLS on.
 * @throws InputError when the profile or a certificate cannot be read
 */
export const temporalConnection = (
  { temporalAddress }: Pick<Config, 'temporalAddress'>,
  environment: NodeJS.ProcessEnv,
): TemporalConnection => {
  const variables = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
  const named = 'TEMPORAL_PROFILE' in variables || 'TEMPORAL_CONFIG_FILE' in variables;
  try {
    const { apiKey, metadata, tls } = loadClientConnectConfig({
      disableFile: !named,
      overrideEnvVars: variables,
    }).connectionOptions;
    return {
      address: temporalAddress,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(tls === undefined ? {} : { tls }),
    };
  } catch (cause) {
    throw inputError(
      'Temporal connection',
      Object.keys(variables).filter((name) => /^TEMPORAL_(TLS|PROFILE|CONFIG_FILE)/.test(name)),
      'a profile that exists and certificates that can be read',
      cause instanceof Error ? cause.message : String(cause),
      { cause },
    );
  }
};
