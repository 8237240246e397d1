import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostTensor } from '../program.ts';
import { recordFunctions, type FunctionSpec, type RecordedGraph, type TensorSpec } from './record.ts';
import { encodeSavedModel } from './saved-model.ts';
import { nativeBackend, toHost, toTensor, type Tensor, type Tf } from './tensor.ts';

export type { FunctionResult, FunctionSpec, TensorSpec } from './record.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

interface GraphSpec {
  /** Initial values. */
  readonly variables: HostTensors;
  readonly functions: Readonly<Record<string, FunctionSpec>>;
  /** Rewrites the recorded graph before it is loaded, for checks in another precision. */
  readonly transform?: (graph: RecordedGraph) => RecordedGraph;
}

/** Functions over shared variables, each one TensorFlow graph execution. */
export interface CompiledGraph {
  /** Runs a function: its outputs, in host memory. Its updates are made before it returns. */
  call(fn: string, inputs: HostTensors): Record<string, HostTensor>;
  /** Copies of the named variables, or of all. */
  read(names?: readonly string[]): Record<string, HostTensor>;
  /** Sets variables; others keep their values. */
  write(tensors: HostTensors): void;
  /** Nodes of the graph, for benchmarks. */
  readonly nodes: number;
  /** Frees the graph with its variables. */
  dispose(): void;
}

const describe = ({ dtype, shape }: TensorSpec): string => `${dtype}[${shape.join()}]`;

const checked = (what: string, expected: TensorSpec | undefined, given: HostTensor | undefined): void => {
  if (expected === undefined) throw new Error(`${what}: unknown name`);
  if (given === undefined) throw new Error(`${what}: missing, expected ${describe(expected)}`);
  if (describe(expected) !== describe(given))
    throw new Error(`${what}: ${describe(given)}, expected ${describe(expected)}`);
};

/**
 * Compiles functions over shared variables into one TensorFlow graph. Recording computes nothing (see
 * `recordFunctions`), so it needs neither the time nor the memory of a step; the graph optimiser's work
 * happens in each function's first call.
 *
 * The sequence of values is that of the same functions run eagerly, bit for bit, for a fixed number of
 * threads.
 */
export const compileGraph = async (tf: Tf, spec: GraphSpec): Promise<CompiledGraph> =>
  compileGraphSync(tf, spec);

/** `compileGraph` for callers that cannot wait: strategies are plain functions. */
export const compileGraphSync = (
  tf: Tf,
  { variables, functions, transform = (graph) => graph }: GraphSpec,
): CompiledGraph => {
  const backend = nativeBackend(tf);
  const graph = transform(recordFunctions(tf, variables, functions));
  const directory = mkdtempSync(join(tmpdir(), 'durable-nas-graph-'));
  let session: number;
  try {
    writeFileSync(join(directory, 'saved_model.pb'), encodeSavedModel(graph.nodes));
    session = backend.loadSavedModelMetaGraph(directory, 'serve');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  let disposed = false;

  const run = (
    feeds: readonly (readonly [string, HostTensor])[],
    fetches: readonly string[],
  ): HostTensor[] => {
    if (disposed) throw new Error('the graph is disposed');
    const inputs = feeds.map(([, host]) => toTensor(tf, host));
    let outputs: Tensor[] = [];
    try {
      outputs = backend.runSavedModel(
        session,
        inputs,
        feeds.map(([name]) => ({ name: `${name}:0` })),
        fetches.map((name) => `${name}:0`),
      );
      return outputs.map(toHost);
    } finally {
      tf.dispose(inputs);
      tf.dispose(outputs);
    }
  };

  const write = (tensors: HostTensors): void => {
    const entries = Object.entries(tensors);
    for (const [name, tensor] of entries) checked(`variable '${name}'`, variables[name], tensor);
    run(
      entries.map(([name, tensor]) => [graph.variables[name]?.value as string, tensor]),
      entries.map(([name]) => graph.variables[name]?.written as string),
    );
  };

  const call: CompiledGraph['call'] = (fn, inputs) => {
    const spec = functions[fn];
    const recorded = graph.functions[fn];
    if (spec === undefined || recorded === undefined)
      throw new Error(`function '${fn}': unknown; compiled: ${Object.keys(functions).join(', ')}`);
    for (const name of new Set([...Object.keys(spec.inputs), ...Object.keys(inputs)]))
      checked(`input '${name}' of '${fn}'`, spec.inputs[name], inputs[name]);
    const outputs = Object.entries(recorded.outputs);
    const results = run(
      Object.entries(recorded.inputs).map(([name, placeholder]) => [placeholder, inputs[name] as HostTensor]),
      [...outputs.map(([, node]) => node), recorded.done],
    );
    return Object.fromEntries(outputs.map(([name], i) => [name, results[i] as HostTensor]));
  };

  const read: CompiledGraph['read'] = (names = Object.keys(variables)) => {
    const nodes = names.map((name) => {
      const variable = graph.variables[name];
      if (variable === undefined) throw new Error(`variable '${name}': unknown name`);
      return variable.read;
    });
    const results = nodes.length === 0 ? [] : run([], nodes);
    return Object.fromEntries(names.map((name, i) => [name, results[i] as HostTensor]));
  };

  const dispose = (): void => {
    if (disposed) return;
    disposed = true;
    backend.deleteSavedModel(session);
  };

  if (Object.keys(variables).length > 0) write(variables);
  return { call, read, write, nodes: graph.nodes.length, dispose };
};
