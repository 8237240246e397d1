import type * as tensorflow from '@tensorflow/tfjs-node';
import type { HostTensor } from '../program.ts';

/** The TensorFlow module, handed in by whoever picked the CPU or GPU package. */
export type Tf = typeof tensorflow;
export type Tensor = tensorflow.Tensor;
export type Tensors = Readonly<Record<string, Tensor>>;

/** An attribute of a native TensorFlow operation in the form that the binding takes. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What the binding tells of a tensor: its handle, native type number and shape. */
export interface TensorHandle {
  readonly id: number;
  readonly dtype: number;
  readonly shape: number[];
}

interface NativeBinding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorHandle[];
}

interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: number;
  id: number;
  readonly values: Float32Array | Int32Array | Uint8Array | null;
}

/** The part of tfjs-node's backend that running and recording native operations needs. */
export interface NativeBackend {
  readonly binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(dataId: object): StoredTensor };
  createOutputTensor(handle: TensorHandle): Tensor;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
  loadSavedModelMetaGraph(directory: string, tags: string): number;
  deleteSavedModel(session: number): void;
  runSavedModel(
    session: number,
    inputs: readonly Tensor[],
    inputInfos: readonly { readonly name: string }[],
    outputNames: readonly string[],
  ): Tensor[];
}

export const nativeBackend = (tf: Tf): NativeBackend => {
  const backend = tf.backend() as unknown as Partial<NativeBackend>;
  if (backend.binding === undefined)
    throw new TypeError(`TensorFlow backend ${tf.getBackend()}: allowed: the native 'tensorflow' backend`);
  return backend as NativeBackend;
};

/** Attribute values by kind; `type` takes a tfjs dtype. */
export type Attribute =
  | { readonly type: 'float32' | 'int32' | 'bool' }
  | { readonly string: string }
  | { readonly int: number | readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean };

const toOpAttribute = (binding: NativeBinding, name: string, attribute: Attribute): OpAttribute => {
  if ('type' in attribute) {
    const types = { float32: binding.TF_FLOAT, int32: binding.TF_INT32, bool: binding.TF_BOOL };
    return { name, type: binding.TF_ATTR_TYPE, value: types[attribute.type] };
  }
  if ('string' in attribute) return { name, type: binding.TF_ATTR_STRING, value: attribute.string };
  if ('int' in attribute) return { name, type: binding.TF_ATTR_INT, value: attribute.int };
  if ('float' in attribute) return { name, type: binding.TF_ATTR_FLOAT, value: attribute.float };
  return { name, type: binding.TF_ATTR_BOOL, value: attribute.bool };
};

/**
 * Runs one native TensorFlow operation by name. No gradient is recorded: wrap it in `tf.customGrad` where one
 * is needed.
 */
export const execute = (
  tf: Tf,
  op: string,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly Tensor[],
  outputs = 1,
): Tensor[] => {
  const backend = nativeBackend(tf);
  const list = Object.entries(attributes).map(([name, value]) => toOpAttribute(backend.binding, name, value));
  return outputs === 1
    ? [backend.executeSingleOutput(op, list, inputs)]
    : backend.executeMultipleOutputs(op, list, inputs, outputs);
};

/** A new tensor with a host tensor's values; the caller owns it. */
export const toTensor = (tf: Tf, host: HostTensor): Tensor =>
  tf.tensor(host.data, [...host.shape], host.dtype);

/** Copies a float32 or int32 tensor to host memory. */
export const toHost = (tensor: Tensor): HostTensor => {
  const data = tensor.dataSync();
  if (tensor.dtype === 'float32')
    return { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(data) };
  if (tensor.dtype === 'int32' || tensor.dtype === 'bool')
    return { dtype: 'int32', shape: tensor.shape, data: Int32Array.from(data) };
  throw new TypeError(`tensor of dtype ${tensor.dtype}: allowed: float32, int32, bool`);
};
