import { z } from 'zod';
import type { HostTensor } from '../../nas/training/program.ts';

const perBlock = <T extends z.ZodType>(value: T) => z.array(z.array(value).readonly()).readonly();
const numbers = z.array(z.number().int()).readonly();
const pairs = z.array(z.tuple([z.number().int(), z.number().int()]).readonly()).readonly();

/** An architecture as the authors write it, by block and operation. */
export const architectureSchema = z.object({
  incoming: perBlock(numbers),
  outgoing: perBlock(numbers),
  /** Units of an operation's output. */
  G: perBlock(z.number().int()),
  ops: perBlock(numbers),
  gate: perBlock(z.array(z.literal(0)).readonly()),
  dilation: perBlock(pairs),
  activation: perBlock(z.array(z.literal(0)).readonly()),
  bank_sizes: numbers,
  kernel_sizes: perBlock(pairs),
  groups: perBlock(numbers),
});
export type Architecture = z.infer<typeof architectureSchema>;

export interface Operation {
  readonly block: number;
  /** Units of a memory bank. */
  readonly bank: number;
  readonly read: readonly number[];
  readonly write: readonly number[];
  readonly width: number;
  readonly active: readonly number[];
  readonly dilations: readonly (readonly [number, number])[];
  readonly kernels: readonly (readonly [number, number])[];
  readonly groups: readonly number[];
}

/** The operations in the order of their weights. */
export const operationsOf = (architecture: Architecture): readonly Operation[] =>
  architecture.bank_sizes.flatMap((bank, block) =>
    (architecture.incoming[block] ?? []).map((read, i) => ({
      block,
      bank,
      read,
      write: architecture.outgoing[block]?.[i] ?? [],
      width: architecture.G[block]?.[i] ?? 0,
      active: architecture.ops[block]?.[i] ?? [],
      dilations: architecture.dilation[block]?.[i] ?? [],
      kernels: architecture.kernel_sizes[block]?.[i] ?? [],
      groups: architecture.groups[block]?.[i] ?? [],
    })),
  );

export interface EncodingSizes {
  readonly banks: number;
  readonly maxDilation: number;
  readonly maxKernel: number;
  /** Numbers of groups. */
  readonly factors: readonly number[];
  /** k: units of the widest operation. */
  readonly columns: number;
  /** Unit reads that one slice stands for. */
  readonly compression: number;
  readonly shape: readonly number[];
}

/**
 * The embedding tensor c [1, channels, columns, slices] of ajbrock/SMASH 76aebd1, `SMASH.py:724–855`, its
 * slips included: the entries of operations are −1 as the ground is, those of groups lie one channel low, and
 * a read that does not fill its slice reaches into those behind it.
 */
export const authorsEncoding = (operations: readonly Operation[], sizes: EncodingSizes): HostTensor => {
  const { banks, maxDilation, maxKernel, factors, columns, compression, shape } = sizes;
  const [, , , slices] = shape as readonly [number, number, number, number];
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(-1);
  let first = 0;
  for (const { block, bank, read, write, width, active, dilations, kernels, groups } of operations) {
    read.forEach((from, i) => {
      const before = i * bank;
      const begin = first + Math.floor(before / compression);
      const end = first + Math.floor((before + bank) / compression) + ((before + bank) % compression);
      const put = (channel: number, value: number): void => {
        for (let column = 0; column < width; column++)
          for (let slice = begin; slice < Math.min(end, slices); slice++)
            data[(channel * columns + column) * slices + slice] = value;
      };
      const sign = (slot: number): number => (active[slot] === 1 ? 1 : -1);
      let at = 0;
      put(from, 1);
      at += banks;
      for (const to of write) put(at + to, 1);
      at += banks;
      put(at + block, 1);
      at += 3;
      put(at + width - 1, 1);
      at += columns;
      dilations.forEach((pair, slot) => {
        for (const dilation of pair) {
          put(at + dilation - 1, sign(slot));
          at += maxDilation;
        }
      });
      kernels.forEach((pair, slot) => {
        for (const kernel of pair) {
          put(at + Math.floor(kernel / 2) - 1, sign(slot));
          at += Math.floor(maxKernel / 2);
        }
      });
      active.forEach((is, slot) => {
        if (is === 1) put(at + slot, -1);
      });
      at += active.length;
      groups.forEach((group, slot) => {
        put(at + factors.indexOf(group) - 1, sign(slot));
        at += factors.length;
      });
    });
    first += Math.floor((bank * read.length) / compression);
  }
  return { dtype: 'float32', shape, data };
};
