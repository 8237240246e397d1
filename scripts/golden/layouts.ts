import type { HostTensor } from '../../nas/training/program.ts';

/** Rearranges dimensions: result dimension i is source dimension `order[i]`. */
export const permute = ({ shape, data, dtype }: HostTensor, order: readonly number[]): HostTensor => {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((size, n) => size * n, 1));
  const out = order.map((axis) => shape[axis] as number);
  const from = order.map((axis) => strides[axis] as number);
  const result = dtype === 'float32' ? new Float32Array(data.length) : new Int32Array(data.length);
  const index = out.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = data[index.reduce((sum, n, axis) => sum + n * (from[axis] as number), 0)] as number;
    for (let axis = out.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (out[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return { dtype, shape: out, data: result };
};

/** Images [B, C, H, W] → [B, H, W, C]. */
export const imagesFromNchw = (tensor: HostTensor): HostTensor => permute(tensor, [0, 2, 3, 1]);

/** Images [B, H, W, C] → [B, C, H, W]. */
export const imagesToNchw = (tensor: HostTensor): HostTensor => permute(tensor, [0, 3, 1, 2]);

/** Depthwise weights [C, 1, k, l] become [k, l, C, 1], others [D, C, k, l] → [k, l, C, D]. */
const depthwise = (shape: readonly number[], target: readonly number[]): boolean =>
  target[3] === 1 && target[2] === shape[0] && shape[1] === 1;

/** A PyTorch weight in the layout of ours, whose shape is `target`. */
export const fromTorch = (tensor: HostTensor, target: readonly number[]): HostTensor => {
  const { shape } = tensor;
  if (shape.length === 4) return permute(tensor, depthwise(shape, target) ? [2, 3, 0, 1] : [2, 3, 1, 0]);
  return shape.length === 2 ? permute(tensor, [1, 0]) : tensor;
};

/** A weight of ours (or its gradient) in PyTorch's layout, whose shape is `target`. */
export const toTorch = (tensor: HostTensor, target: readonly number[]): HostTensor => {
  if (tensor.shape.length === 4)
    return permute(tensor, depthwise(target, tensor.shape) ? [2, 3, 0, 1] : [3, 2, 0, 1]);
  return tensor.shape.length === 2 ? permute(tensor, [1, 0]) : tensor;
};
