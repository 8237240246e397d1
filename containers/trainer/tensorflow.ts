import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import '../../scripts/node-shim.mjs';
import type { Tf } from '../../nas/training/graph/tensor.ts';

const require = createRequire(import.meta.url);

interface TensorflowOptions {
  /**
   * Operations that run side by side; results are reproducible for a fixed number. Each has one thread:
   * recorded steps have enough independent operations, and sharing out every small one among threads costs
   * more than it gives.
   */
  readonly threads: number;
}

interface LoadedTensorflow {
  readonly tf: Tf;
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
}

/** What is set before the native library is loaded, unless the environment already says otherwise. */
const DEFAULTS = {
  /** Warnings and up. */
  TF_CPP_MIN_LOG_LEVEL: '2',
  /**
   * oneDNN's CPU kernels: max-pooling's gradient is 30 times faster than TensorFlow's own, batch norm's 3
   * times.
   */
  TF_ENABLE_ONEDNN_OPTS: '1',
  /** GPU kernels that sum in a fixed order. */
  TF_DETERMINISTIC_OPS: '1',
};

/** The GPU package where set-up has built its binding, else the CPU package. */
const load = (): { readonly tf: Tf; readonly device: 'cpu' | 'gpu' } => {
  const gpu = '@tensorflow/tfjs-node-gpu';
  const root = require.resolve.paths(gpu)?.find((path) => existsSync(join(path, gpu, 'package.json')));
  return root !== undefined && existsSync(join(root, gpu, 'lib/napi-v8/tfjs_binding.node'))
    ? { tf: require(gpu) as Tf, device: 'gpu' }
    : { tf: require('@tensorflow/tfjs-node') as Tf, device: 'cpu' };
};

let loaded: (LoadedTensorflow & TensorflowOptions) | undefined;

/**
 * Loads TensorFlow into this process: the one place that picks the package. Thread pools are sized when the
 * library is loaded, so a second call must ask for the same number of threads.
 *
 * @throws Error when TensorFlow is already loaded with another number of threads.
 */
export const loadTensorFlow = ({ threads }: TensorflowOptions): LoadedTensorflow => {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`threads ${threads}: allowed: integers ≥ 1`);
  if (loaded !== undefined && loaded.threads !== threads)
    throw new Error(
      `TensorFlow is loaded with ${loaded.threads} threads; start another process for ${threads}`,
    );
  if (loaded !== undefined) return loaded;
  for (const [name, value] of Object.entries(DEFAULTS)) process.env[name] ??= value;
  process.env.TF_NUM_INTRAOP_THREADS = '1';
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
  process.env.OMP_NUM_THREADS = '1';
  const { tf, device } = load();
  tf.env().set('PROD', true);
  const version = (tf.backend() as unknown as { readonly binding: { readonly TF_Version: string } }).binding
    .TF_Version;
  loaded = { tf, device, version, threads };
  return loaded;
};
