import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { chosenSpace } from '../../../nas/space/registry.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import type { EasGenotype } from '../../../nas/space/eas.ts';
import type { GrowthEdit } from '../../../nas/space/growth.ts';
import { grownVariables } from '../../../nas/training/networks/eas-growth.ts';
import { easNetwork } from '../../../nas/training/networks/eas.ts';
import { classifierVariables, evaluateClassifier } from '../../../nas/training/networks/network.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { tensorLayers } from '../../../nas/training/layers/tensor-layers.ts';
import { toTensor } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const start: EasGenotype = {
  blocks: [
    [
      [16, 3],
      [32, 1],
    ],
    [[64, 5]],
  ],
  dense: [64, 128],
};
const space = chosenSpace({ name: 'eas', start: JSON.stringify(start) });
const growth = space.growth as NonNullable<typeof space.growth>;
const size = { channels: 4, layers: 1, stem: 'cifar' } as const;
const setting = { size, image: [8, 8, 3], classes: 4, auxiliary: false } as const;

const random = randomFromSeed(8);
const noise = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const images = { shape: [12, 8, 8, 3], x: noise(12 * 8 * 8 * 3) } as const;

/**
 * A network as training leaves it: batch norms whose statistics and parameters are anything but those of the
 * start.
 */
const trained = (genotype: EasGenotype): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(classifierVariables(easNetwork(genotype), setting, 3)).map(([name, value]) => {
      const fresh = noise(value.data.length);
      if (name.endsWith('running_var') || name.endsWith('bn.weight'))
        return [name, { ...value, data: fresh.map((x) => 0.5 + Math.abs(x)) }];
      if (name.endsWith('running_mean') || name.endsWith('.bias'))
        return [name, { ...value, data: fresh.map((x) => 0.3 * x) }];
      return [name, value];
    }),
  );

const logits = (genotype: EasGenotype, variables: Record<string, HostTensor>): Float32Array =>
  tf.tidy(() => {
    const vars = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, toTensor(tf, value)]),
    );
    const x = toTensor(tf, { dtype: 'float32', shape: images.shape, data: images.x });
    return evaluateClassifier(tf, easNetwork(genotype)(setting), vars, x).dataSync() as Float32Array;
  });

const largest = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const difference = (a: Float32Array, b: Float32Array): number =>
  largest(a.map((x, i) => x - (b[i] as number)));

const variables = trained(start);
const before = logits(start, variables);

/** All edits of one kind that the start network has, and a row of both kinds upon one another. */
const wideners = growth.wider(start).filter((edit) => edit !== undefined);
const deepeners = growth
  .places(start)
  .flatMap((places, block) =>
    Array.from({ length: places }, (_, place) =>
      growth.deeper(start, block, place, (block + place) % growth.kernels.length),
    ),
  );
const chain = (): readonly GrowthEdit[] => {
  const edits: GrowthEdit[] = [];
  let genotype = start as never;
  const make = (edit: GrowthEdit | undefined): void => {
    if (edit === undefined) throw new Error('nothing to widen');
    edits.push(edit);
    genotype = growth.apply(genotype, edit) as never;
  };
  make(growth.wider(genotype)[0]);
  make(growth.deeper(genotype, 0, 0, 2));
  make(growth.wider(genotype)[1]);
  make(growth.deeper(genotype, 0, 1, 1));
  make(growth.wider(genotype)[5]);
  make(growth.deeper(genotype, 2, 0, 0));
  make(growth.wider(genotype).at(-1));
  make(growth.deeper(genotype, 1, 0, 1));
  return edits;
};

const grow = (edits: readonly GrowthEdit[], noise = { wider: 0, deeper: 0 }, seed = 5) => {
  const to = edits.reduce(
    (genotype, edit) => growth.apply(genotype as never, edit) as never,
    start,
  ) as EasGenotype;
  const values = grownVariables(tf, { from: start, to, size, variables, images, edits, noise, seed });
  return { to, values };
};

describe('function-preserving growth', () => {
  const cases: readonly (readonly [name: string, edits: readonly GrowthEdit[]])[] = [
    ...[...wideners, ...deepeners].map((edit) => [JSON.stringify(edit), [edit]] as const),
    ['eight edits upon one another', chain()],
  ];
  it.each(cases)('%s gives the same outputs', (_, edits) => {
    const { to, values } = grow(edits);
    expect(space.hash(to as never)).not.toBe(space.hash(start as never));
    const declared = classifierVariables(easNetwork(to), setting, 3);
    expect(Object.keys(values).sort()).toEqual(Object.keys(declared).sort());
    for (const [name, { shape }] of Object.entries(declared))
      expect(values[name]?.shape, name).toEqual(shape);
    expect(largest(before)).toBeGreaterThan(0.3);
    expect(difference(logits(to, values), before)).toBeLessThan(2e-5 * (1 + largest(before)));
  });

  it('keeps the outputs of a training step on the images that were measured, where nothing but width or depth grew', () => {
    const training = (genotype: EasGenotype, from: Record<string, HostTensor>): Float32Array =>
      tf.tidy(() => {
        const vars = Object.fromEntries(
          Object.entries(from).map(([name, value]) => [name, toTensor(tf, value)]),
        );
        const x = toTensor(tf, { dtype: 'float32', shape: images.shape, data: images.x });
        const layers = tensorLayers(tf, vars, { kind: 'train', trace: eagerTrace(tf) });
        return easNetwork(genotype)(setting)(layers, x).logits.dataSync() as Float32Array;
      });
    const reference = training(start, variables);
    for (const edit of wideners) {
      const { to, values } = grow([edit]);
      expect(difference(training(to, values), reference)).toBeLessThan(1e-4 * (1 + largest(reference)));
    }
  });

  it('adds noise to what is new alone, equally for equal seeds', () => {
    const edit = wideners[0] as GrowthEdit;
    const quiet = grow([edit]);
    const noisy = grow([edit], { wider: 0.01, deeper: 0.001 });
    const again = grow([edit], { wider: 0.01, deeper: 0.001 });
    expect(again.values).toEqual(noisy.values);
    expect(grow([edit], { wider: 0.01, deeper: 0.001 }, 6).values).not.toEqual(noisy.values);
    const moved = difference(logits(noisy.to, noisy.values), before);
    expect(moved).toBeGreaterThan(1e-5);
    expect(moved).toBeLessThan(0.1 * largest(before));
    const [wide, plain] = [noisy, quiet].map(({ values }) => values['blocks.0.0.conv.weight'] as HostTensor);
    const columns = wide?.shape[3] as number;
    const touched = new Set<number>();
    wide?.data.forEach((x, i) => x !== plain?.data[i] && touched.add(i % columns));
    // Sixteen filters at a quarter are four; the other four are copies.
    expect([...touched].sort()).toEqual([4, 5, 6, 7]);
  });

  it('refuses to make a layer narrower', () => {
    expect(() => grow([{ kind: 'widen', layer: 1, width: 16 }])).toThrow(/layer 1: width 4/);
  });
});
