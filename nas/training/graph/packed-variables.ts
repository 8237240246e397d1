import type { Packing } from './packing.ts';
import type { HostTensor } from '../program.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/**
 * Tensors that are kept packed: `named` gives a variable's or a group's full name in checkpoints and in the
 * graph.
 */
export interface Family {
  readonly packing: Packing;
  named(name: string): string;
}

/** The slots of an optimiser of packed weights: a family for each kind of slot (`<group>/momentum`). */
export const slotFamilies = (packing: Packing, slots: HostTensors): Family[] => {
  const kinds = Object.keys(slots).flatMap((slot) => {
    const end = slot.lastIndexOf('/');
    return slot.slice(0, end) in packing.groups ? [slot.slice(end)] : [];
  });
  return [...new Set(kinds)].map((kind) => ({ packing, named: (name) => `optimizer/${name}${kind}` }));
};

const renamed = (tensors: HostTensors, to: (name: string) => string): HostTensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [to(name), tensor]));

/**
 * What a checkpoint holds, given the graph's variables: the families one by one, everything else as it is.
 */
export const unpackFamilies = (families: readonly Family[], variables: HostTensors): HostTensors => {
  const parts: HostTensors[] = [];
  const plain = { ...variables };
  for (const { packing, named } of families) {
    const matrices: Record<string, HostTensor> = {};
    for (const group of Object.keys(packing.groups)) {
      matrices[group] = variables[named(group)] as HostTensor;
      delete plain[named(group)];
    }
    parts.push(renamed(packing.unpack(matrices), named));
  }
  return Object.assign(plain, ...parts) as HostTensors;
};

/** Inverse of `unpackFamilies`. */
export const packFamilies = (families: readonly Family[], tensors: HostTensors): HostTensors => {
  const packed: HostTensors[] = [];
  const plain = { ...tensors };
  for (const { packing, named } of families) {
    const members = Object.values(packing.groups).flatMap((group) => group.members);
    const own = Object.fromEntries(members.map(({ name }) => [name, tensors[named(name)] as HostTensor]));
    for (const { name } of members) delete plain[named(name)];
    packed.push(renamed(packing.pack(own), named));
  }
  return Object.assign(plain, ...packed) as HostTensors;
};
