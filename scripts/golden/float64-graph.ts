import { BATCH_NORM_EPSILON } from '../../nas/training/layers/batch-norm.ts';
import type { RecordedGraph } from '../../nas/training/graph/record.ts';
import type { AttributeDef, NodeDef } from '../../nas/training/graph/saved-model.ts';

const FLOAT = 1;
const DOUBLE = 2;
const INT32 = 3;

/** Nodes of the variables themselves, which stay float32. */
const VARIABLE = /^(variable|read|value|write|written)\//;

const doubled = (attribute: AttributeDef): AttributeDef => {
  if ('type' in attribute) return attribute.type === FLOAT ? { type: DOUBLE } : attribute;
  if (!('tensor' in attribute) || attribute.tensor.dtype !== FLOAT) return attribute;
  const bytes = Uint8Array.from(attribute.tensor.tensor_content);
  const content = new Uint8Array(Float64Array.from(new Float32Array(bytes.buffer)).buffer);
  return { tensor: { ...attribute.tensor, dtype: DOUBLE, tensor_content: content } };
};

/**
 * The nodes of variables and inputs, and those on which an output depends: running statistics, which nothing
 * here reads, exist in float32 only.
 */
const needed = ({ nodes, functions }: RecordedGraph): readonly NodeDef[] => {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reached = new Set<string>();
  const open = [
    ...nodes.flatMap(({ name, op }) => (VARIABLE.test(name) || op === 'Placeholder' ? [name] : [])),
    ...Object.values(functions).flatMap(({ outputs, done }) => [...Object.values(outputs), done]),
  ];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const ref of byName.get(name)?.input ?? []) open.push(ref.replace(/^\^/, '').replace(/:\d+$/, ''));
  }
  return nodes.filter(({ name }) => reached.has(name));
};

const double = { T: { type: DOUBLE } } as const;

/** What passes a loop's values on. */
const CONTROL_FLOW = new Set(['Enter', 'Merge', 'Switch', 'Identity', 'NextIteration', 'Exit']);

/**
 * The same graph computed in float64: variables, inputs and outputs stay float32, every output gets a second
 * part (`<name>/low`) so that their sum has the precision of the computation. For checks of derivatives by
 * differences that float32 cannot resolve; functions with updates are not supported.
 */
export const float64Graph = (graph: RecordedGraph): RecordedGraph => {
  const nodes: NodeDef[] = [];
  const renamed = new Map<string, string>();
  /** Outputs that order a loop's writes: float32 whatever is written. */
  const flows = new Set<string>();
  let count = 0;
  const add = (
    op: string,
    input: readonly string[],
    attr: NodeDef['attr'] = double,
    name = `f64/${count++}`,
  ): string => {
    nodes.push({ name, op, input, attr });
    return name;
  };
  const cast = (input: string, from: number, to: number, name?: string): string =>
    add('Cast', [input], { SrcT: { type: from }, DstT: { type: to }, Truncate: { b: false } }, name);
  const scalar = (value: number): string =>
    add('Const', [], {
      dtype: { type: DOUBLE },
      value: {
        tensor: {
          dtype: DOUBLE,
          tensor_shape: { dim: [] },
          tensor_content: new Uint8Array(Float64Array.of(value).buffer),
        },
      },
    });
  const axes = add(
    'Const',
    [],
    {
      dtype: { type: INT32 },
      value: {
        tensor: {
          dtype: INT32,
          tensor_shape: { dim: [{ size: 3 }] },
          tensor_content: new Uint8Array(Int32Array.of(0, 1, 2).buffer),
        },
      },
    },
    'f64/axes',
  );
  /** The product's own numbers, which an attribute holds in float32. */
  const epsilonOf = ({ epsilon }: NodeDef['attr']): string =>
    scalar(epsilon !== undefined && 'f' in epsilon ? Number(epsilon.f.toPrecision(6)) : BATCH_NORM_EPSILON);
  const reduce = (op: 'Mean' | 'Sum', x: string): string =>
    add(op, [x, axes], { ...double, Tidx: { type: INT32 }, keep_dims: { b: false } });

  /** The fused kernels exist in float32 only. */
  const normalized = (x: string, attr: NodeDef['attr']): { readonly xhat: string; readonly rate: string } => {
    const centred = add('Sub', [x, reduce('Mean', x)]);
    const variance = reduce('Mean', add('Square', [centred]));
    const rate = add('Rsqrt', [add('AddV2', [variance, epsilonOf(attr)])]);
    return { xhat: add('Mul', [centred, rate]), rate };
  };
  const batchNorm = ({ name, input, attr }: NodeDef): void => {
    const [x, scale, offset] = input as [string, string, string];
    const { xhat } = normalized(x, attr);
    renamed.set(name, add('AddV2', [add('Mul', [xhat, scale]), offset]));
  };
  const batchNormGradient = ({ name, input, attr }: NodeDef): void => {
    const [dy, x, scale] = input as [string, string, string];
    const { xhat, rate } = normalized(x, attr);
    const dxhat = add('Mul', [dy, scale]);
    const correlation = reduce('Mean', add('Mul', [dxhat, xhat]));
    const centred = add('Sub', [add('Sub', [dxhat, reduce('Mean', dxhat)]), add('Mul', [xhat, correlation])]);
    renamed.set(name, add('Mul', [centred, rate]));
    renamed.set(`${name}:1`, reduce('Sum', add('Mul', [dy, xhat])));
    renamed.set(`${name}:2`, reduce('Sum', dy));
  };

  for (const node of needed(graph)) {
    const input = node.input.map((ref) => renamed.get(ref) ?? ref);
    const isFloat = 'dtype' in node.attr && 'type' in node.attr.dtype && node.attr.dtype.type === FLOAT;
    if (VARIABLE.test(node.name)) {
      nodes.push(node);
      if (node.op === 'ReadVariableOp' && isFloat) renamed.set(node.name, cast(node.name, FLOAT, DOUBLE));
    } else if (node.op === 'Placeholder') {
      nodes.push(node);
      if (isFloat) renamed.set(node.name, cast(node.name, FLOAT, DOUBLE));
    } else if (node.op === 'FusedBatchNormV3') batchNorm({ ...node, input });
    else if (node.op === 'FusedBatchNormGradV3') batchNormGradient({ ...node, input });
    else if (node.op === 'TensorArrayWriteV3') {
      flows.add(node.name);
      nodes.push({ ...node, input, attr: double });
    } else if (CONTROL_FLOW.has(node.op) && flows.has(node.input[0] as string)) {
      for (const output of [node.name, `${node.name}:1`]) flows.add(output);
      nodes.push(node);
    } else if (/\/out\//.test(node.name)) {
      const high = cast(input[0] as string, DOUBLE, FLOAT, node.name);
      const rest = add('Sub', [input[0] as string, cast(high, FLOAT, DOUBLE)]);
      cast(rest, DOUBLE, FLOAT, `${node.name}/low`);
    } else {
      const attr = Object.entries(node.attr).map(([name, value]) => [name, doubled(value)] as const);
      nodes.push({ ...node, input, attr: Object.fromEntries(attr) });
      if (node.op === 'TensorArrayV3') flows.add(`${node.name}:1`);
    }
  }
  const functions = Object.entries(graph.functions).map(([name, fn]) => {
    const lows = Object.entries(fn.outputs).map(
      ([output, node]) => [`${output}/low`, `${node}/low`] as const,
    );
    return [name, { ...fn, outputs: { ...fn.outputs, ...Object.fromEntries(lows) } }] as const;
  });
  return { ...graph, nodes, functions: Object.fromEntries(functions) };
};
