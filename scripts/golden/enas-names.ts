import type { HostTensor } from '../../nas/training/program.ts';
import { MACRO_OPERATIONS } from '../../nas/space/enas-macro.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Our variables of one of the authors': one, or one for each of its rows. */
interface Place {
  readonly variables: readonly string[];
  /** Theirs is [out, in]. */
  readonly isTransposed?: true;
}

const BATCH_NORM: Readonly<Record<string, string>> = {
  offset: 'bias',
  scale: 'weight',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Where a module of the authors' graph stands in ours. */
const MODULES: readonly (readonly [RegExp, string | ((...groups: string[]) => string)])[] = [
  [/^stem_conv$/, 'stem'],
  [/^fc$/, 'classifier'],
  // Whole networks.
  [/^layer_\d+\/pool_at_(\d+)\/from_(\d+)/, 'reductions.$1.$2'],
  [
    /^layer_(\d+)\/branch_(\d+)\/(inp_conv_1|conv_1|out_conv_\d)/,
    (_, layer, branch, part) =>
      `layers.${layer}.${MACRO_OPERATIONS[Number(branch)]}${part?.startsWith('out') ? '' : '.in'}`,
  ],
  [/^layer_(\d+)\/conv_1x1/, 'layers.$1.in'],
  [/^layer_(\d+)\/conv_\dx\d/, 'layers.$1.op'],
  [/^layer_(\d+)\/skip/, 'layers.$1.skip'],
  // Cells.
  [/^layer_(\d+)\/calibrate\/pool_x/, 'cells.$1.in0'],
  [/^layer_(\d+)\/calibrate\/pool_y/, 'cells.$1.in1'],
  [/^layer_(\d+)\/layer_base/, 'cells.$1.base'],
  [/^layer_(\d+)\/final_combine\/calibrate_(\d+)/, 'cells.$1.ends.$2'],
  [/^layer_(\d+)\/final_conv/, 'cells.$1.ends'],
  [
    /^layer_(\d+)\/cell_(\d+)\/([xy])(?:_conv)?(?:\/conv_(\d)x\d)?(?:\/(?:stack|sep_conv)_(\d))?/,
    (_, cell, node, side, kernel, half) => {
      const edge = `cells.${cell}.edges.${2 * Number(node) + (side === 'y' ? 1 : 0)}`;
      const table = kernel === undefined ? '' : `.sep_conv_${kernel}x${kernel}.of${Number(node) + 2}`;
      return `${edge}${table}${half === undefined ? '' : `.${half}`}`;
    },
  ],
  [/^layer_(\d+)/, 'cells.$1.reduction'],
];

/** The authors' variable `name`, of which there is one row a state in the tables of search cells. */
const placeOf = (name: string, rows: number): Place => {
  const parts = name.split('/');
  const leaf = parts.pop() as string;
  const isBatchNorm = parts.at(-1) === 'bn';
  if (isBatchNorm) parts.pop();
  const path = /^path([12])_conv$/.exec(parts.at(-1) ?? '')?.[1];
  if (path !== undefined) parts.pop();
  const from = parts.join('/');
  const rule = MODULES.find(([pattern]) => pattern.test(from));
  if (rule === undefined) throw new Error(`'${name}': no such part in our networks`);
  const module = from.replace(rule[0], rule[1] as string);
  if (module === 'stem') return { variables: [isBatchNorm ? `stem.1.${BATCH_NORM[leaf]}` : 'stem.0.weight'] };
  if (isBatchNorm) return { variables: [`${module}.bn.${BATCH_NORM[leaf]}`] };
  if (path !== undefined) return { variables: [`${module}.conv_${path}.weight`] };
  if (module === 'classifier') return { variables: ['classifier.weight'] };
  if (module.endsWith('.ends'))
    return { variables: Array.from({ length: rows }, (_, state) => `${module}.${state}.weight`) };
  if (leaf === 'w_depth') return { variables: [`${module}.depthwise.weight`] };
  if (leaf === 'w_point')
    return {
      variables: [`${module}.pointwise.weight`],
      ...(from.includes('branch_') && { isTransposed: true }),
    };
  return { variables: [`${module}.conv.weight`] };
};

const transposed = ({ shape, data }: HostTensor): Float32Array => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)] as number);
};

/** The authors' tensors of variables, as ours of the same names in our networks. */
export const toOurs = (
  theirs: HostTensors,
  shapeOf: (name: string) => readonly number[] | undefined,
): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(theirs).flatMap(([name, tensor]) => {
      const { variables, isTransposed } = placeOf(name, tensor.shape[0] as number);
      const data = isTransposed ? transposed(tensor) : Float32Array.from(tensor.data);
      const length = data.length / variables.length;
      return variables.map((variable, row): [string, HostTensor] => {
        const shape = shapeOf(variable);
        const size = shape?.reduce((product, n) => product * n, 1);
        if (shape === undefined || size !== length)
          throw new Error(
            `'${name}' is ${variable} here, which has ${size ?? 'no'} numbers, the fixture's ${length}`,
          );
        return [variable, { dtype: 'float32', shape, data: data.slice(row * length, (row + 1) * length) }];
      });
    }),
  );

/** One of the authors' tensors, in their layout, from ours by name; undefined where there is none. */
export const toTheirs = (
  name: string,
  { shape }: HostTensor,
  ours: (variable: string) => HostTensor | undefined,
): HostTensor | undefined => {
  const { variables, isTransposed } = placeOf(name, shape[0] as number);
  const tensors = variables.map(ours);
  if (tensors.some((tensor) => tensor === undefined)) return undefined;
  const data = (tensors as readonly HostTensor[]).flatMap((tensor) =>
    Array.from(isTransposed ? transposed(tensor) : tensor.data),
  );
  return { dtype: 'float32', shape, data: Float32Array.from(data) };
};
