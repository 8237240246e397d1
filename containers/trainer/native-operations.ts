import { nativeBackend } from '../../nas/training/graph/tensor.ts';
import type { NativeBackend, Tf } from '../../nas/training/graph/tensor.ts';

/**
 * The function of a compiled graph that fetches these outputs: `train/out/loss:0`, `train/done:0` → `train`.
 */
const functionOf = (outputs: readonly string[]): string => {
  const name = (outputs.at(-1) ?? '').split('/')[0] ?? '';
  if (name === 'written') return 'write variables';
  return name === 'read' ? 'read variables' : name;
};

/** Kernels of oneDNN and cuDNN; those of the others are short loops. */
const KERNELS = /Conv|MatMul|Pool|BatchNorm|LRN/;
const RECORDING = 'record the program';

/**
 * Says what is about to run in TensorFlow's native code: every load of a compiled graph, every call of one of
 * its functions, and, while a program is recorded, its kernels, each of which then runs once for its shapes.
 * Graphs are numbered in the order in which they are loaded, so that equal programs name equal operations.
 * Answers with what says so of the recording of a program.
 */
export const observeNative = (
  tf: Tf,
  begins: (operation: string) => void,
): (<T>(record: () => Promise<T>) => Promise<T>) => {
  const backend: Pick<NativeBackend, 'loadSavedModelMetaGraph' | 'runSavedModel' | 'binding'> =
    nativeBackend(tf);
  const { binding } = backend;
  let recording = false;
  const executeOp: NativeBackend['binding']['executeOp'] = (op, ...input) => {
    if (recording && KERNELS.test(op)) begins(`${RECORDING}: ${op}`);
    return binding.executeOp(op, ...input);
  };
  const load = backend.loadSavedModelMetaGraph.bind(backend);
  const run = backend.runSavedModel.bind(backend);
  const graphs = new Map<number, number>();
  const observed = backend as {
    -readonly [Name in keyof typeof backend]: (typeof backend)[Name];
  };
  // Its own properties cannot be written.
  observed.binding = Object.create(binding, { executeOp: { value: executeOp } }) as typeof binding;
  observed.loadSavedModelMetaGraph = (...input) => {
    begins(`load graph ${graphs.size + 1}`);
    const session = load(...input);
    graphs.set(session, graphs.size + 1);
    return session;
  };
  observed.runSavedModel = (session, inputs, infos, outputs) => {
    begins(`${functionOf(outputs)} (graph ${graphs.get(session) ?? 0})`);
    return run(session, inputs, infos, outputs);
  };
  return async (record) => {
    begins(RECORDING);
    recording = true;
    try {
      return await record();
    } finally {
      recording = false;
    }
  };
};
