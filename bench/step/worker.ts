import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { parseJson } from '../../nas/core/json.ts';
import { loadTensorFlow } from '../../containers/trainer/tensorflow.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { imagesToNchw, toTorch } from '../../scripts/golden/layouts.ts';
import { encodeSafetensors } from '../../store/safetensors.ts';
import { stepProgram, type StepProgram } from './programs.ts';
import { stepSpecSchema } from './spec.ts';

/**
 * The compiled side of the step benchmark, with the line protocol of `bench/torch/worker.py`: `prepare`
 * writes what the program starts from for the twins, `step` runs one step.
 */
const requestSchema = z.union([
  z.strictObject({ prepare: z.strictObject({ spec: stepSpecSchema, initial: z.string().exactOptional() }) }),
  z.strictObject({ step: z.number() }),
]);

/** PyTorch's layouts: images [B, C, H, W]; convolution weights [D, C, k, l], depthwise ones [C, 1, k, l]. */
const forTwins = (name: string, tensor: HostTensor): HostTensor => {
  if (name.endsWith('/x')) return imagesToNchw(tensor);
  // Weights with one value a state are handed over as they are.
  if (!name.startsWith('weights/') || /\.of\d+\./.test(name)) return tensor;
  const [k, l, c, d] = tensor.shape as [number, number, number, number];
  if (tensor.shape.length === 4) return toTorch(tensor, d === 1 ? [c, 1, k, l] : [d, c, k, l]);
  return toTorch(tensor, [...tensor.shape].reverse());
};

const resident = (): { readonly residentBytes: number; readonly peakBytes: number } => ({
  residentBytes: process.memoryUsage.rss(),
  peakBytes: process.resourceUsage().maxRSS * 1024,
});

let program: StepProgram | undefined;
const answer = async (request: z.infer<typeof requestSchema>): Promise<Record<string, unknown>> => {
  if ('prepare' in request) {
    const { spec, initial } = request.prepare;
    program = await stepProgram(loadTensorFlow({ threads: spec.threads }).tf, spec);
    const tensors = Object.entries(program.initial).map(([name, tensor]) => [name, forTwins(name, tensor)]);
    if (initial !== undefined)
      await writeFile(
        initial,
        encodeSafetensors(Object.fromEntries(tensors) as Readonly<Record<string, HostTensor>>),
      );
    return resident();
  }
  if (program === undefined) throw new Error('a step before its program');
  const start = performance.now();
  const before = process.cpuUsage();
  const loss = program.step(request.step);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, cpuSeconds: (user + system) / 1e6, loss, ...resident() };
};

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(parseJson(requestSchema, line)))}\n`);
