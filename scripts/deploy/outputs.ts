import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { z } from 'zod';
import { parseJson } from '../../nas/core/json.ts';
import type { DeploySettings } from '../../infra/settings.ts';

/** What the stack says of itself, `CfnOutput`s of infra/stack.ts. */
const outputsSchema = z.looseObject({
  Bucket: z.string(),
  GpuQueue: z.string(),
  GpuJobDefinition: z.string(),
});
type StackOutputs = z.infer<typeof outputsSchema>;

/** The outputs of the stack from the file that the CDK wrote. */
export const readOutputs = (file: string, stack: string): StackOutputs =>
  parseJson(z.object({ [stack]: outputsSchema }), readFileSync(file, 'utf8'))[stack] as StackOutputs;

/** `nas.config.yaml` for the deployed stack; the Temporal address is the worker's where it has one. */
export const configFile = (settings: DeploySettings, outputs: StackOutputs): string => {
  const { temporalAddress, temporalNamespace, taskQueue } = settings.worker ?? {};
  const yaml = stringify({
    region: settings.region,
    bucket: outputs.Bucket,
    queue: outputs.GpuQueue,
    jobDefinition: outputs.GpuJobDefinition,
    temporalAddress,
    temporalNamespace,
    taskQueue,
  });
  return settings.worker === undefined ? `${yaml}# temporalAddress: HOST:7233\n` : yaml;
};
