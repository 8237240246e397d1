import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { workflowBundle } from './bundle.ts';
import { configFromEnvironment } from './environment.ts';
import { replayOpenRuns } from './replay-open-runs.ts';
import { temporalConnection } from './temporal-connection.ts';

// Says which workflows under way this code could not go on with: one JSON array on the one line of stdout
// that begins with `CHECKED `. The SDK's core writes lines of its own.

const config = configFromEnvironment(process.env);
// A replay that fails is an answer here, not an event.
Runtime.install({
  logger: new DefaultLogger('ERROR', ({ message }) => process.stderr.write(`${message}\n`)),
});
const connection = await Connection.connect(temporalConnection(config, process.env));
try {
  const client = new Client({ connection, namespace: config.temporalNamespace });
  const refused = await replayOpenRuns(client, await workflowBundle(process.env));
  process.stdout.write(`\nCHECKED ${JSON.stringify(refused)}\n`);
} finally {
  await connection.close();
}
