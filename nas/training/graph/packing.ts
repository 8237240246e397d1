import type { HostTensor } from '../program.ts';
import type { Tensor, Tensors, Tf } from './tensor.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;
type Shapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** Variables that are always used together: what a gate passes on, and an optimiser moves, at once. */
export interface GroupName {
  readonly group: string;
  /**
   * Where every variable of the group has so many values along its first dimension, of which a step uses one.
   */
  readonly rows?: number;
}

/** Undefined: no gate concerns the variable, so it may lie with any others. */
export type Grouping = (name: string) => GroupName | undefined;

interface Member {
  readonly name: string;
  readonly shape: readonly number[];
  /** Elements of one row. */
  readonly columns: number;
}

/** Variables side by side in a matrix [rows, columns]. */
export interface Group {
  readonly rows: number;
  /** Whether rows are values of which a step uses one. */
  readonly alternative: boolean;
  readonly columns: number;
  readonly members: readonly Member[];
}

/**
 * Float32 variables in few matrices instead of many tensors: an operation's overhead exceeds the work on a
 * small tensor.
 */
export interface Packing {
  readonly groups: Readonly<Record<string, Group>>;
  /** The group in which a variable lies; undefined for unknown names. */
  groupOf(name: string): string | undefined;
  pack(tensors: HostTensors): Record<string, HostTensor>;
  /** Inverse of `pack`; copies. */
  unpack(matrices: HostTensors): Record<string, HostTensor>;
}

/**
 * Ungated variables fill groups of about this many elements: large enough for few operations, small enough
 * for a core's cache.
 */
const REST_ELEMENTS = 2 ** 15;

const elements = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

const membersByGroup = (shapes: Shapes, grouping: Grouping): Map<string, Group> => {
  const groups = new Map<string, Group & { columns: number; members: Member[] }>();
  let rest = 0;
  for (const [name, { shape }] of Object.entries(shapes)) {
    const own = grouping(name);
    const group = own?.group ?? `rest-${rest}`;
    const rows = own?.rows ?? 1;
    const columns = elements(shape) / rows;
    const known = groups.get(group) ?? {
      rows,
      alternative: own?.rows !== undefined,
      columns: 0,
      members: [],
    };
    groups.set(group, known);
    known.columns += columns;
    known.members.push({ name, shape, columns });
    if (own === undefined && known.columns >= REST_ELEMENTS) rest += 1;
  }
  return groups;
};

/** Places for tensors of the given shapes. */
export const packingOf = (shapes: Shapes, grouping: Grouping = () => undefined): Packing => {
  const groups = membersByGroup(shapes, grouping);
  const groupOf = new Map(
    [...groups].flatMap(([group, { members }]) => members.map(({ name }) => [name, group])),
  );
  /** Calls back with every contiguous piece of a group's members. */
  const copy = (
    { rows, columns, members }: Group,
    piece: (name: string, fromMember: number, fromMatrix: number, length: number) => void,
  ): void => {
    let offset = 0;
    for (const member of members) {
      for (let row = 0; row < rows; row++)
        piece(member.name, row * member.columns, row * columns + offset, member.columns);
      offset += member.columns;
    }
  };
  return {
    groups: Object.fromEntries(groups),
    groupOf: (name) => groupOf.get(name),
    pack: (tensors) =>
      Object.fromEntries(
        [...groups].map(([group, content]) => {
          const data = new Float32Array(content.rows * content.columns);
          for (const { name, shape } of content.members) {
            const { dtype, shape: given } = tensors[name] ?? { dtype: 'nothing', shape: [] };
            if (dtype !== 'float32' || given.join() !== shape.join())
              throw new Error(
                `tensor '${name}': ${dtype}[${given.join()}], expected float32[${shape.join()}]`,
              );
          }
          copy(content, (name, from, to, length) =>
            data.set((tensors[name] as HostTensor).data.subarray(from, from + length), to),
          );
          return [group, { dtype: 'float32', shape: [content.rows, content.columns], data }];
        }),
      ),
    unpack: (matrices) =>
      Object.fromEntries(
        [...groups].flatMap(([group, content]) => {
          const { data } = matrices[group] as HostTensor;
          const parts = new Map(
            content.members.map(({ name, shape }): [string, HostTensor] => [
              name,
              { dtype: 'float32', shape, data: new Float32Array(elements(shape)) },
            ]),
          );
          copy(content, (name, to, from, length) =>
            (parts.get(name) as HostTensor).data.set(data.subarray(from, from + length), to),
          );
          return [...parts];
        }),
      ),
  };
};

/**
 * The variables of a group's matrix by name; with `row` (an int32 scalar) only that one of their values. The
 * choice is a product, so that its gradient is one too.
 */
export const membersOf = (
  tf: Tf,
  { rows, members }: Group,
  matrix: Tensor,
  row?: Tensor,
): Record<string, Tensor> => {
  const chosen =
    row === undefined || rows === 1
      ? matrix
      : tf.matMul(tf.oneHot(tf.reshape(row, [1]) as never, rows, 1, 0, 'float32') as never, matrix as never);
  const parts =
    members.length === 1
      ? [chosen]
      : tf.split(
          chosen,
          members.map(({ columns }) => columns),
          1,
        );
  return Object.fromEntries(
    members.map(({ name, shape }, i) => [
      name,
      tf.reshape(parts[i] as Tensor, row === undefined ? [...shape] : shape.slice(1)),
    ]),
  );
};

/** Inverse of `membersOf` without a row. */
export const matrixOf = (tf: Tf, { rows, members }: Group, tensors: Tensors): Tensor =>
  tf.concat(
    members.map(({ name, columns }) => tf.reshape(tensors[name] as Tensor, [rows, columns])),
    1,
  );

/** Where a variable lies in a step. */
export interface Place {
  readonly group: string;
  readonly layout: Group;
  readonly matrix: Tensor;
}

/** Looks variables up among packed ones. */
export const placesOf =
  (...packed: readonly { readonly packing: Packing; readonly matrices: Tensors }[]) =>
  (name: string): Place | undefined => {
    for (const { packing, matrices } of packed) {
      const group = packing.groupOf(name);
      if (group !== undefined)
        return { group, layout: packing.groups[group] as Group, matrix: matrices[group] as Tensor };
    }
    return undefined;
  };
export type Places = ReturnType<typeof placesOf>;

/** All variables by name. */
export const unpacked = (tf: Tf, { groups }: Packing, matrices: Tensors): Record<string, Tensor> =>
  Object.assign(
    {},
    ...Object.entries(groups).map(([group, layout]) => membersOf(tf, layout, matrices[group] as Tensor)),
  ) as Record<string, Tensor>;

/**
 * Places of tensors that are not packed: each is a group of its own, with `rows(name)` values where it has
 * several.
 */
export const separatePlaces =
  (tf: Tf, tensors: Tensors, rows: (name: string) => number | undefined = () => undefined): Places =>
  (name) => {
    const tensor = tensors[name];
    if (tensor === undefined) return undefined;
    const values = rows(name);
    const columns = tensor.size / (values ?? 1);
    const members = [{ name, shape: tensor.shape, columns }];
    return {
      group: name,
      layout: { rows: values ?? 1, alternative: values !== undefined, columns, members },
      matrix: tf.reshape(tensor, [values ?? 1, columns]),
    };
  };
