import { nativeBackend } from '../../nas/training/graph/tensor.ts';
import type { NativeBackend, Tf } from '../../nas/training/graph/tensor.ts';

/** The function of a compiled graph that fetches these outputs: `train/out/loss:0`, `train/done:0` → `train`. */
const functionOf = (outputs: readonly string[]): string => {
  const name = (outputs.at(-1) ?? '').split('/')[0] ?? '';
  if (name === 'written') return 'write variables';
  return name === 'read' ? 'read variables' : name;
};

/**
 * Says what is about to run in TensorFlow's native code: every load of a compiled graph, and every call of one of its functions.
 * Graphs are numbered in the order in which they are loaded, so that equal programs name equal operations.
 */
export const observeNative = (tf: Tf, begins: (operation: string) => void): void => {
  const backend: Pick<NativeBackend, 'loadSavedModelMetaGraph' | 'runSavedModel'> = nativeBackend(tf);
  const load = backend.loadSavedModelMetaGraph.bind(backend);
  const run = backend.runSavedModel.bind(backend);
  const graphs = new Map<number, number>();
  const observed = backend as {
    -readonly [Name in keyof typeof backend]: (typeof backend)[Name];
  };
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
};
