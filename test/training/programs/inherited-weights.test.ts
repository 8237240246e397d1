import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import type { TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, finish, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const PARENT = '{"blocks":[[[16,3]],[[32,3]]],"dense":[64]}';
const CHILD = '{"blocks":[[[32,3]],[[32,3],[32,1]]],"dense":[64]}';

const specOf = (genotype: string, rest: Partial<TrainNetworkSpec> = {}): TrainNetworkSpec => ({
  kind: 'train-network',
  space: { name: 'eas', start: PARENT },
  genotype,
  network: { channels: 4, layers: 1, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 3,
    batchSize: 16,
    emaDecay: 0.5,
    optimizer: { kind: 'sgd', learningRate: 0.05 },
  }),
  data: {
    validationFraction: 0.25,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
  trainOn: 'train',
  evaluateOn: 'validation',
  ...rest,
});
const grown = {
  genotype: PARENT,
  edits: [
    { kind: 'widen', layer: 0, width: 32 },
    { kind: 'deepen', layer: 1, kernel: 1 },
  ],
  noise: { wider: 0, deeper: 0 },
} as const;

const programs: TrainingProgram[] = [];
const create = async (...given: Parameters<typeof createProgram>): Promise<TrainingProgram> => {
  const program = await createProgram(...given);
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

const parent = await create(specOf(PARENT), { tf, data: tinyData() });
const parentResult = await finish<TrainResult>(parent);
const inherited = parent.snapshot().tensors;

describe('a training that starts with the weights of another', () => {
  it('begins where the other ended: it computes what that did', async () => {
    // A step so small that it changes nothing leaves what was inherited to be scored.
    const still = recipeSchema.parse({
      epochs: 1,
      batchSize: 16,
      emaDecay: 0.999,
      optimizer: { kind: 'sgd', learningRate: 1e-12, weightDecay: 0 },
    });
    const edits = [grown.edits[0]];
    const child = await create(
      specOf('{"blocks":[[[32,3]],[[32,3]]],"dense":[64]}', {
        recipe: still,
        grown: { ...grown, edits },
      }),
      { tf, data: tinyData(), inherited },
    );
    const before = child.snapshot().tensors;
    expect(before['weights/classifier.bias']?.data).toEqual(inherited['average/classifier.bias']?.data);
    expect(before['buffers/blocks.1.0.bn.running_mean']?.data).toEqual(
      inherited['buffers/blocks.1.0.bn.running_mean']?.data,
    );
    expect(parentResult.accuracy).toBeGreaterThan(0.4);
    const result = await finish<TrainResult>(child);
    // One epoch moves the running statistics, and with them an image of twenty at most.
    expect(Math.abs(result.accuracy - parentResult.accuracy)).toBeLessThanOrEqual(0.15);
  });

  it('continues bit for bit from any step, the other network out of reach', async () => {
    const spec = specOf(CHILD, { grown: { ...grown, noise: { wider: 0.01, deeper: 0.001 } } });
    const whole = await walk(await create(spec, { tf, data: tinyData(), inherited }));
    await expectExactResume(() => createProgram(spec, { tf, data: tinyData() }), whole);
  });

  it('refuses edits that do not make the network, and spaces that do not grow', async () => {
    await expect(
      create(specOf(CHILD, { grown: { ...grown, edits: [] } }), { tf, data: tinyData(), inherited }),
    ).rejects.toThrow(/program\.grown\.edits/);
    await expect(
      create(
        { ...specOf('0 3 0 0 1 0', { grown }), space: { name: 'enas-macro', depth: 3 } },
        { tf, data: tinyData(), inherited },
      ),
    ).rejects.toThrow(/program\.space: "enas-macro"/);
  });
});
