import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import {
  matrixOf,
  membersOf,
  packingOf,
  placesOf,
  unpacked,
  type Group,
} from '../../../nas/training/graph/packing.ts';
import { packFamilies, slotFamilies, unpackFamilies } from '../../../nas/training/graph/packed-variables.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { toHost, toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const numbered = (...shape: number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + shape.length / 10),
});

/** Two variables of three values each, two that lie anywhere, one too large for neighbours. */
const TENSORS = {
  'edge.of3.filter': numbered(3, 2, 2),
  stem: numbered(5),
  'edge.of3.bias': numbered(3, 2),
  large: numbered(2, 2 ** 15),
  last: numbered(),
};
const packing = packingOf(TENSORS, (name) =>
  name.startsWith('edge.') ? { group: 'edge', rows: 3 } : undefined,
);
const matrices = packing.pack(TENSORS);
const inTensorFlow = (): Tensors =>
  Object.fromEntries(Object.entries(matrices).map(([group, matrix]) => [group, toTensor(tf, matrix)]));
const edge = packing.groups['edge'] as Group;

describe('packing', () => {
  it('lays the values that a step uses together in one row', () => {
    expect(matrices['edge']?.shape).toEqual([3, 6]);
    expect(Array.from(matrices['edge']?.data ?? []).slice(6, 12)).toEqual(
      [4, 5, 6, 7].map((i) => Math.fround(i + 0.3)).concat([2, 3].map((i) => Math.fround(i + 0.2))),
    );
  });

  it('closes a group of neighbours once it is large', () => {
    expect(['stem', 'large', 'last'].map(packing.groupOf)).toEqual(['rest-0', 'rest-0', 'rest-1']);
    expect(packing.groupOf('unknown')).toBeUndefined();
  });

  it('is undone by unpacking, in host memory and in TensorFlow', () => {
    expect(packing.unpack(matrices)).toEqual(TENSORS);
    const tensors = unpacked(tf, packing, inTensorFlow());
    for (const [name, tensor] of Object.entries(TENSORS))
      expect(toHost(tensors[name] as Tensor)).toEqual(tensor);
    expect(toHost(matrixOf(tf, edge, tensors))).toEqual(matrices['edge']);
  });

  it('gives one row’s values, whose gradients are those of that row', () => {
    const place = placesOf({ packing, matrices: inTensorFlow() })('edge.of3.bias');
    expect(place?.group).toBe('edge');
    const row = tf.scalar(1, 'int32');
    const values = membersOf(tf, edge, place?.matrix as Tensor, row);
    expect(toHost(values['edge.of3.filter'] as Tensor)).toEqual({
      ...numbered(2, 2),
      data: Float32Array.of(4.3, 5.3, 6.3, 7.3),
    });
    const gradient = tf.grad((matrix) => {
      const { 'edge.of3.filter': filter, 'edge.of3.bias': bias } = membersOf(tf, edge, matrix, row);
      return tf.add(tf.sum(tf.mul(filter as Tensor, 2)), tf.sum(bias as Tensor)) as never;
    })(place?.matrix as Tensor);
    expect(Array.from(gradient.dataSync())).toEqual([0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('takes the one value of a variable that has no others', () => {
    const single = packingOf({ 'of1.w': numbered(1, 4) }, (group) => ({ group, rows: 1 }));
    const { 'of1.w': layout } = single.groups;
    const value = membersOf(tf, layout as Group, tf.ones([1, 4]), tf.scalar(0, 'int32'))['of1.w'];
    expect(value?.shape).toEqual([4]);
  });

  it('names what is missing or has another shape', () => {
    expect(() => packing.pack({ ...TENSORS, stem: numbered(4) })).toThrow(
      /'stem': float32\[4\], expected float32\[5\]/,
    );
    const { stem: _, ...others } = TENSORS;
    expect(() => packing.pack(others)).toThrow(/'stem': nothing/);
  });

  it('keeps the names that weights and their slots have in checkpoints', () => {
    const slots = {
      step: numbered(),
      'edge/mean': numbered(3, 6),
      'rest-0/mean': numbered(),
      'rest-1/mean': numbered(),
    };
    const families = [
      { packing, named: (name: string) => `weights/${name}` },
      ...slotFamilies(packing, slots),
    ];
    const checkpoint = {
      'optimizer/step': numbered(),
      ...Object.fromEntries(
        Object.entries(TENSORS).flatMap(([name, tensor]) => [
          [`weights/${name}`, tensor],
          [`optimizer/${name}/mean`, { ...tensor, data: tensor.data.map((value) => -value) }],
        ]),
      ),
    };
    const variables = packFamilies(families, checkpoint);
    expect(Object.keys(variables).sort()).toEqual(
      [
        'optimizer/step',
        ...Object.keys(packing.groups).flatMap((g) => [`optimizer/${g}/mean`, `weights/${g}`]),
      ].sort(),
    );
    expect(unpackFamilies(families, variables)).toEqual(checkpoint);
  });
});
