import { membersOf, type Places } from '../graph/packing.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Gate } from '../graph/trace.ts';

/**
 * Variables by name as one branch sees them: their gradients are zero where another branch is chosen. A whole
 * group passes the gate at the first use of one of its variables, and is taken apart behind it. Of groups
 * whose rows are alternatives the branch uses `row`.
 */
export const gatedVariables = (tf: Tf, gate: Gate, branch: number, places: Places, row?: Tensor): Tensors => {
  const seen = new Map<string, Tensor>();
  return new Proxy<Tensors>(
    {},
    {
      get: (_, name: string) => {
        const known = seen.get(name);
        if (known !== undefined) return known;
        const place = places(name);
        if (place === undefined) return undefined;
        const { layout, matrix } = place;
        const own = gate.parameter(branch, matrix);
        for (const [member, tensor] of Object.entries(
          membersOf(tf, layout, own, layout.alternative ? row : undefined),
        ))
          seen.set(member, tensor);
        return seen.get(name);
      },
    },
  );
};
