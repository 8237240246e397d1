import type { HostTensor } from '../../nas/training/program.ts';
import type { Declaration } from '../../nas/training/layers/shape-layers.ts';
import { withPrefix, type TensorFixture } from './fixture.ts';
import { fromTorch } from './layouts.ts';

/**
 * The fixture's `param.*` as variables of ours.
 *
 * @throws Error when names or shapes are not exactly those that the network declares.
 */
export const fixtureVariables = (
  fixture: TensorFixture,
  declarations: readonly Declaration[],
): Record<string, HostTensor> => {
  const given = withPrefix(fixture.tensors, 'param.');
  const declared = new Map(declarations.map((declaration) => [declaration.name, declaration]));
  for (const name of Object.keys(given))
    if (!declared.has(name)) throw new Error(`param.${name}: the network has no such parameter`);
  return Object.fromEntries(
    declarations.map(({ name, shape }) => {
      const tensor = given[name];
      if (tensor === undefined) throw new Error(`param.${name}: missing in the fixture`);
      const variable = fromTorch(tensor, shape);
      if (variable.shape.join() !== shape.join())
        throw new Error(
          `param.${name}: shape [${variable.shape.join()}], the network's is [${shape.join()}]`,
        );
      return [name, variable];
    }),
  );
};
