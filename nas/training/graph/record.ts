import type { HostTensor } from '../program.ts';
import type { Recorder } from './recorder.ts';
import { shapeDef, type AttributeDef, type NodeDef } from './saved-model.ts';
import {
  nativeBackend,
  type NativeBackend,
  type OpAttribute,
  type Tensor,
  type TensorHandle,
  type Tf,
} from './tensor.ts';
import { compiledTrace } from './trace-compiled.ts';
import type { Trace } from './trace.ts';

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/**
 * What a function returns. All outputs and new values are computed from the variables' values before the
 * call. With `commit` (a bool scalar), the updates happen only if it is true: `commit: tf.isFinite(loss)`.
 */
export interface FunctionResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly updates?: Readonly<Record<string, Tensor>>;
  readonly commit?: Tensor;
}

/**
 * A pure function of variables and inputs, written in tfjs with static shapes: no reading of values, no
 * random tensors of tfjs (they would become constants; `trace.uniform` is the random source).
 */
export interface FunctionSpec {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  body(
    vars: Readonly<Record<string, Tensor>>,
    inputs: Readonly<Record<string, Tensor>>,
    trace: Trace,
  ): FunctionResult;
}

/** Node names by which a session is fed and fetched. */
interface RecordedFunction {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Fetching it runs the updates. */
  readonly done: string;
}

export interface RecordedGraph {
  readonly nodes: readonly NodeDef[];
  readonly functions: Readonly<Record<string, RecordedFunction>>;
  readonly variables: Readonly<
    Record<string, { readonly read: string; readonly value: string; readonly written: string }>
  >;
}

const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Symbols have handles below this, which the binding never sees: tfjs-node frees handles ≥ 0 only. */
const FIRST_SYMBOL = -2;

/**
 * Largest int32 constant whose content may decide output shapes (a `Reshape` target, a filter's sizes, those
 * of a split's parts).
 */
const SHAPE_CONSTANT_ELEMENTS = 4096;

/**
 * Records functions as one TensorFlow graph without computing them: tensors inside a body are symbols with a
 * shape and a dtype. The shape of an operation's outputs is asked of TensorFlow itself, by running every
 * distinct (operation, attributes, input shapes) once on zeros; so any operation that tfjs-node has can be
 * recorded and a network's activations are never in memory together.
 *
 * @throws Error naming the function when a body reads a value or returns a wrong shape.
 */
export const recordFunctions = (
  tf: Tf,
  variables: Readonly<Record<string, HostTensor>>,
  functions: Readonly<Record<string, FunctionSpec>>,
): RecordedGraph => {
  const backend = nativeBackend(tf);
  const { binding } = backend;
  const nodes: NodeDef[] = [];
  const symbols = new Map<number, string>();
  const constantOfData = new WeakMap<object, string>();
  const constantOfContent = new Map<string, string>();
  const probes = new Map<string, readonly Omit<TensorHandle, 'id'>[]>();
  let nextSymbol = FIRST_SYMBOL;

  const node: Recorder['node'] = (op, input, attr, name = `n${nodes.length}`) => {
    nodes.push({ name, op, input, attr });
    return name;
  };

  const symbol: Recorder['symbol'] = (ref, shape, dtype) => {
    const id = nextSymbol--;
    symbols.set(id, ref);
    return backend.createOutputTensor({ id, shape: [...shape], dtype });
  };

  const values = (tensor: Tensor): Float32Array | Int32Array | Uint8Array => {
    const stored = backend.tensorMap.get(tensor.dataId);
    return stored.values ?? binding.tensorDataSync(stored.id);
  };

  const constant = (dtype: number, shape: readonly number[], content: Uint8Array): string => {
    const key = `${dtype}/${shape.join(',')}/${Buffer.from(content).toString('base64')}`;
    const known = constantOfContent.get(key);
    if (known !== undefined) return known;
    const name = node('Const', [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, tensor_shape: shapeDef(shape), tensor_content: Uint8Array.from(content) } },
    });
    constantOfContent.set(key, name);
    return name;
  };

  const nativeType = (tensor: Tensor): number => backend.tensorMap.get(tensor.dataId).dtype;

  const int64Value = (tensor: Tensor): Int32Array | undefined =>
    (tensor as unknown as { readonly valueArray?: Int32Array }).valueArray;

  /** The loop whose body is being recorded, and the symbols of bodies that are recorded. */
  let frame: { readonly first: number; enter(ref: string, type: number): string } | undefined;
  const left: { readonly first: number; readonly last: number }[] = [];

  const inFrame: Recorder['inFrame'] = (enter, body) => {
    if (frame !== undefined) throw new Error('a loop within a loop cannot be recorded');
    const entered = new Map<string, string>();
    const first = nextSymbol;
    frame = {
      first,
      enter: (ref, type) => {
        const name = entered.get(ref) ?? enter(ref, type);
        entered.set(ref, name);
        return name;
      },
    };
    try {
      return body();
    } finally {
      frame = undefined;
      left.push({ first, last: nextSymbol });
    }
  };

  /** A node output of outside as the loop's body sees it. */
  const entering = (ref: string, type: number): string => frame?.enter(ref, type) ?? ref;

  const isConstant = (tensor: Tensor): boolean =>
    int64Value(tensor) !== undefined || backend.tensorMap.get(tensor.dataId).id > FIRST_SYMBOL;

  const newArray = (dtype: number, size: number): Float32Array | Int32Array | Uint8Array =>
    dtype === binding.TF_FLOAT
      ? new Float32Array(size)
      : dtype === binding.TF_INT32
        ? new Int32Array(size)
        : new Uint8Array(size);

  /** The values in their native width; tfjs keeps some constants in plain arrays. */
  const nativeValues = (tensor: Tensor, dtype: number): ArrayBufferView => {
    const array = newArray(dtype, tensor.size);
    array.set(values(tensor));
    return array;
  };

  const ref: Recorder['ref'] = (tensor) => {
    const int64 = int64Value(tensor);
    if (int64 !== undefined) {
      const { TF_INT64 } = binding;
      return entering(constant(TF_INT64, [], bytesOf(BigInt64Array.of(BigInt(int64[0] ?? 0)))), TF_INT64);
    }
    const { id, dtype } = backend.tensorMap.get(tensor.dataId);
    if (id <= FIRST_SYMBOL) {
      if (left.some(({ first, last }) => id <= first && id > last))
        throw new Error("a value of a loop's body may not be used outside of it");
      const name = symbols.get(id) as string;
      return frame === undefined || id <= frame.first ? name : entering(name, dtype);
    }
    const name =
      constantOfData.get(tensor.dataId) ??
      constant(dtype, tensor.shape, bytesOf(nativeValues(tensor, dtype)));
    constantOfData.set(tensor.dataId, name);
    return entering(name, dtype);
  };

  const attributeDef = (attribute: OpAttribute): AttributeDef => {
    const { type, value } = attribute;
    if (type === binding.TF_ATTR_STRING) return { s: Buffer.from(value as string) };
    if (type === binding.TF_ATTR_INT)
      return Array.isArray(value) ? { list: { i: value as number[] } } : { i: value as number };
    if (type === binding.TF_ATTR_FLOAT) return { f: value as number };
    if (type === binding.TF_ATTR_BOOL) return { b: value as boolean };
    if (type === binding.TF_ATTR_TYPE) return { type: value as number };
    throw new TypeError(`attribute ${attribute.name} of native type ${type} cannot be recorded`);
  };

  /**
   * A stand-in of the tensor for a probe: its values if they may decide a shape, else zeros (ones for
   * divisors).
   */
  const standIn = (tensor: Tensor, op: string): { readonly key: string; readonly make: () => number } => {
    const int64 = int64Value(tensor);
    if (int64 !== undefined)
      return { key: `i64:${int64[0]}`, make: () => binding.createTensor([], binding.TF_INT64, int64) };
    const { dtype } = backend.tensorMap.get(tensor.dataId);
    const key = `${dtype}[${tensor.shape.join(',')}]`;
    if (dtype === binding.TF_INT32 && tensor.size <= SHAPE_CONSTANT_ELEMENTS && isConstant(tensor)) {
      const content = Int32Array.from(values(tensor));
      return {
        key: `${key}=${content.join(',')}`,
        make: () => binding.createTensor(tensor.shape, dtype, content),
      };
    }
    const fill = /Div|Mod/.test(op) ? 1 : 0;
    return {
      key,
      make: () => binding.createTensor(tensor.shape, dtype, newArray(dtype, tensor.size).fill(fill)),
    };
  };

  const probe = (
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): readonly Omit<TensorHandle, 'id'>[] => {
    const standIns = inputs.map((tensor) => standIn(tensor, op));
    const key = JSON.stringify([op, attributes, standIns.map((s) => s.key), outputs]);
    const known = probes.get(key);
    if (known !== undefined) return known;
    const ids = standIns.map((s) => s.make());
    try {
      const handles = binding.executeOp(op, attributes, ids, outputs);
      for (const { id } of handles) binding.deleteTensor(id);
      const result = handles.map(({ shape, dtype }) => ({ shape, dtype }));
      probes.set(key, result);
      return result;
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  };

  const run = (
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[] => {
    const [a, b] = inputs;
    const total = op === 'Add' && a !== undefined && b !== undefined ? sum(a, b) : undefined;
    if (total !== undefined) return [total];
    const shapes = probe(op, attributes, inputs, outputs);
    const name = node(op, inputs.map(ref), {
      ...Object.fromEntries(attributes.map((attribute) => [attribute.name, attributeDef(attribute)])),
      // tfjs leaves them to the eager runtime, which knows its inputs' types.
      ...(op === 'ExpandDims' && {
        T: { type: nativeType(inputs[0] as Tensor) },
        Tdim: { type: binding.TF_INT32 },
      }),
    });
    return shapes.map(({ shape, dtype }, i) => symbol(i === 0 ? name : `${name}:${i}`, shape, dtype));
  };

  const recorder: Recorder = { tf, ref, isConstant, node, symbol, nativeType, inFrame };
  const { trace, sum, release } = compiledTrace(recorder);
  const dtypes = { float32: binding.TF_FLOAT, int32: binding.TF_INT32 };

  const handles = Object.fromEntries(
    Object.entries(variables).map(([name, { shape, dtype }]) => {
      const attr = {
        dtype: { type: dtypes[dtype] },
        shape: { shape: shapeDef(shape) },
      };
      const handle = node(
        'VarHandleOp',
        [],
        { ...attr, shared_name: { s: Buffer.from(name) }, container: { s: Buffer.from('') } },
        `variable/${name}`,
      );
      const read = node('ReadVariableOp', [handle], { dtype: attr.dtype }, `read/${name}`);
      const value = node('Placeholder', [], attr, `value/${name}`);
      const assign = node('AssignVariableOp', [handle, value], { dtype: attr.dtype }, `write/${name}`);
      const written = node('Identity', [value, `^${assign}`], { T: attr.dtype }, `written/${name}`);
      return [name, { handle, read, value, written, shape, dtype }];
    }),
  );

  const recordFunction = (fn: string, spec: FunctionSpec): RecordedFunction => {
    const inputNames: Record<string, string> = {};
    const outputNames: Record<string, string> = {};
    let done = '';
    tf.tidy(() => {
      const vars = Object.fromEntries(
        Object.entries(handles).map(([name, v]) => [name, symbol(v.read, v.shape, dtypes[v.dtype])]),
      );
      const inputs = Object.fromEntries(
        Object.entries(spec.inputs).map(([name, { shape, dtype }]) => {
          const placeholder = node(
            'Placeholder',
            [],
            { dtype: { type: dtypes[dtype] }, shape: { shape: shapeDef(shape) } },
            `${fn}/in/${name}`,
          );
          inputNames[name] = placeholder;
          return [name, symbol(placeholder, shape, dtypes[dtype])];
        }),
      );
      const { outputs, updates = {}, commit } = spec.body(vars, inputs, trace);
      for (const [name, tensor] of Object.entries(outputs))
        outputNames[name] = node(
          'Identity',
          [ref(tensor)],
          { T: { type: nativeType(tensor) } },
          `${fn}/out/${name}`,
        );
      const assigned = Object.entries(updates).map(([name, tensor]) => {
        const variable = handles[name];
        if (variable === undefined) throw new Error(`update of '${name}': there is no such variable`);
        if (tensor.shape.join() !== variable.shape.join() || tensor.dtype !== variable.dtype)
          throw new Error(
            `update of '${name}': ${tensor.dtype}[${tensor.shape.join()}] for a variable ${variable.dtype}[${variable.shape.join()}]`,
          );
        const type = { type: dtypes[variable.dtype] };
        const next =
          commit === undefined ? ref(tensor) : `${node('Switch', [ref(tensor), ref(commit)], { T: type })}:1`;
        // The control edge orders the write after this call's read of the old value.
        return node(
          'AssignVariableOp',
          [variable.handle, next, `^${variable.read}`],
          { dtype: type },
          `${fn}/assign/${name}`,
        );
      });
      const control = assigned.map((name) => `^${name}`);
      const one = constant(binding.TF_INT32, [], bytesOf(Int32Array.of(1)));
      const int32 = { T: { type: binding.TF_INT32 } };
      if (commit === undefined) done = node('Identity', [one, ...control], int32, `${fn}/done`);
      else {
        // Uncommitted writes are dead, and so is what waits for them; the merge is alive either way.
        const skipped = node('Switch', [one, ref(commit)], int32);
        const written = node('Identity', [`${skipped}:1`, ...control], int32);
        done = node('Merge', [skipped, written], { ...int32, N: { i: 2 } }, `${fn}/done`);
      }
    });
    return { inputs: inputNames, outputs: outputNames, done };
  };

  const overridden = backend as unknown as Partial<Record<keyof NativeBackend, unknown>>;
  overridden.executeSingleOutput = (
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
  ) => run(op, attributes, inputs, 1)[0];
  overridden.executeMultipleOutputs = run;
  overridden.readSync = () => {
    throw new Error('a compiled function may not read the value of a tensor');
  };
  try {
    const recorded = Object.entries(functions).map(([name, spec]) => {
      try {
        return [name, recordFunction(name, spec)] as const;
      } catch (cause) {
        throw new Error(`function '${name}' cannot be compiled: ${(cause as Error).message}`, { cause });
      }
    });
    return { nodes, functions: Object.fromEntries(recorded), variables: handles };
  } finally {
    release();
    delete overridden.executeSingleOutput;
    delete overridden.executeMultipleOutputs;
    delete overridden.readSync;
  }
};
