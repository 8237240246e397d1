import { nativeBackend, type NativeBackend, type Tf } from '../../nas/training/graph/tensor.ts';

/**
 * Names of the native operations that run while `work` does: eagerly, or to ask the shapes of what is
 * recorded (see `recordFunctions`), which no recorded operation but control flow goes without.
 */
export const executedOperations = async (tf: Tf, work: () => unknown): Promise<ReadonlySet<string>> => {
  const backend = nativeBackend(tf) as { -readonly [Key in keyof NativeBackend]: NativeBackend[Key] };
  const { binding } = backend;
  const names = new Set<string>();
  // The binding's own properties cannot be set.
  backend.binding = Object.create(binding, {
    executeOp: {
      value: (...call: Parameters<typeof binding.executeOp>) => {
        names.add(call[0]);
        return binding.executeOp(...call);
      },
    },
  }) as typeof binding;
  try {
    await work();
  } finally {
    backend.binding = binding;
  }
  return names;
};
