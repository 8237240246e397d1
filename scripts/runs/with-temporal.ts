import { Client, Connection, ServiceError } from '@temporalio/client';
import { temporalConnection } from '../../containers/worker/temporal-connection.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { useConfig } from '../config.ts';
import type { LoadedConfig } from '../config.ts';

/** Where things are, and Temporal. */
export interface TemporalSession {
  readonly config: LoadedConfig;
  readonly client: Client;
}

const CONNECT_MILLISECONDS = 5_000;

const whatToDo = (config: LoadedConfig): string =>
  config.embedded === undefined
    ? `check temporalAddress in ${config.source}, TLS and API key (docs/aws.md), then nas doctor`
    : 'nas up starts what does not run, nas doctor says what is wrong';

/** Connects, runs `work` and disconnects. Throws `InfrastructureError` when Temporal does not answer. */
export const withTemporal = async <T>(work: (session: TemporalSession) => Promise<T>): Promise<T> => {
  const config = useConfig();
  let connection: Connection;
  try {
    connection = await Connection.connect({
      ...temporalConnection(config, process.env),
      connectTimeout: CONNECT_MILLISECONDS,
    });
  } catch (cause) {
    throw infrastructureError(`Temporal at ${config.temporalAddress} does not answer`, whatToDo(config), {
      cause,
    });
  }
  try {
    return await work({ config, client: new Client({ connection, namespace: config.temporalNamespace }) });
  } catch (error) {
    // gRPC's UNAVAILABLE: the server went away in between.
    if (error instanceof ServiceError && (error.cause as { code?: number } | undefined)?.code === 14)
      throw infrastructureError(`Temporal at ${config.temporalAddress} went away`, whatToDo(config), {
        cause: error,
      });
    throw error;
  } finally {
    await connection.close();
  }
};
