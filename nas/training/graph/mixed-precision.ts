import type { Recipe } from '../../task/recipe.ts';
import { inputError } from '../../core/input-error.ts';
import type { RecordedGraph } from './record.ts';
import type { NodeDef } from './saved-model.ts';
import { nativeBackend, type Tf } from './tensor.ts';

/** Convolutions and matrix products, and which of their inputs are factors. */
const PRODUCTS: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  DepthwiseConv2dNative: [0, 1],
  DepthwiseConv2dNativeBackpropInput: [1, 2],
  DepthwiseConv2dNativeBackpropFilter: [0, 2],
  MatMul: [0, 1],
  BatchMatMulV2: [0, 1],
};

/** TensorFlow's numbers of the two types. */
const FLOAT32 = 1;
const BFLOAT16 = 14;

const isFloat32 = ({ attr }: NodeDef): boolean => {
  const type = attr['T'];
  return type !== undefined && 'type' in type && type.type === FLOAT32;
};

const cast = (name: string, input: string, from: number, to: number): NodeDef => ({
  name,
  op: 'Cast',
  input: [input],
  attr: { SrcT: { type: from }, DstT: { type: to }, Truncate: { b: false } },
});

/**
 * The same graph with its convolutions and matrix products, forward and backward, in bfloat16: their factors
 * are rounded, their results widened again. Variables, batch norm, losses and optimisers stay in float32
 * (Micikevicius et al. 2018, §3.1); bfloat16 has float32's range, so losses need no scaling.
 */
export const mixedPrecisionGraph = (graph: RecordedGraph): RecordedGraph => {
  const rounded = new Map<string, string>();
  const nodes: NodeDef[] = [];
  for (const node of graph.nodes) {
    const factors = PRODUCTS[node.op];
    if (factors === undefined || !isFloat32(node)) {
      nodes.push(node);
      continue;
    }
    const low = (input: string): string => {
      const known = rounded.get(input);
      if (known !== undefined) return known;
      const name = `${input.replace(':', '_')}/bfloat16`;
      nodes.push(cast(name, input, FLOAT32, BFLOAT16));
      rounded.set(input, name);
      return name;
    };
    const input = node.input.map((from, i) => (factors.includes(i) ? low(from) : from));
    const product = `${node.name}/product`;
    nodes.push({ ...node, name: product, input, attr: { ...node.attr, T: { type: BFLOAT16 } } });
    nodes.push(cast(node.name, product, BFLOAT16, FLOAT32));
  }
  return { ...graph, nodes };
};

/**
 * How a recipe's steps are rewritten before they are compiled: not at all in float32, by
 * `mixedPrecisionGraph` in mixed precision, and for `auto` by the device. Throws `InputError` for mixed
 * precision on a CPU, which computes it by emulation.
 */
export const precisionTransform = (
  tf: Tf,
  precision: Recipe['precision'],
): { readonly transform?: (graph: RecordedGraph) => RecordedGraph } => {
  const { isUsingGpuDevice } = nativeBackend(tf);
  if (precision === 'mixed' && !isUsingGpuDevice)
    throw inputError(
      'recipe.precision',
      precision,
      'float32 or auto on a CPU',
      'write precision: auto, or give the job a GPU (resources.gpus)',
    );
  return precision !== 'float32' && isUsingGpuDevice ? { transform: mixedPrecisionGraph } : {};
};
