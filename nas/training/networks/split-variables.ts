import type { HostTensor } from '../program.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** A network's initial variables, parted into what the optimiser moves and what a forward pass moves. */
export const splitVariables = (
  variables: HostTensors,
  names: { readonly weights: readonly string[]; readonly buffers: readonly string[] },
): { readonly weights: HostTensors; readonly buffers: HostTensors } => {
  const pick = (wanted: readonly string[]): HostTensors =>
    Object.fromEntries(wanted.map((name) => [name, variables[name] as HostTensor]));
  return { weights: pick(names.weights), buffers: pick(names.buffers) };
};
