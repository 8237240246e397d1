import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploySettings } from '../../infra/settings.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CDK = join(dirname(createRequire(import.meta.url).resolve('aws-cdk/package.json')), 'bin', 'cdk');

interface CdkCall {
  /** Command of the CDK and its options. */
  readonly args: readonly string[];
  readonly settings: DeploySettings;
  /** File of the settings, where the user named one. */
  readonly settingsFile?: string | undefined;
  /** Folder of what is synthesized. */
  readonly output: string;
}

/**
 * Runs the CDK of this installation on the app that cdk.json names. Everything it prints goes to stderr:
 * stdout belongs to results. Resolves to its exit code.
 */
export const cdk = ({ args, settings, settingsFile, output }: CdkCall): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CDK, ...args, '--output', output], {
      cwd: REPOSITORY,
      stdio: ['inherit', 2, 2],
      env: {
        ...process.env,
        AWS_REGION: settings.region,
        ...(settingsFile === undefined ? {} : { NAS_DEPLOY_SETTINGS: settingsFile }),
        CDK_DISABLE_CLI_TELEMETRY: 'true',
      },
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      signal === null ? resolve(code ?? 1) : reject(new Error(`cdk ended by ${signal}`)),
    );
  });
