import { expect, it } from 'vitest';
import { describeArchitecture, printArchitecture } from '../../../scripts/runs/describe-architecture.ts';
import { drawArchitecture } from '../../../scripts/runs/draw-architecture.ts';
import { findArchitecture } from '../../../scripts/runs/find-architecture.ts';
import { NODES } from './space.ts';
import { ALPHABET } from './task.ts';
import './tensors.ts';

it('a cell of another task is shown by the sizes and the data of its task', async () => {
  const found = await findArchitecture('trtr', 'elman-chain');
  const shown = describeArchitecture(found, { units: 8 });
  const parameters = 2 * ALPHABET * 8 + NODES * 8 * 8;
  expect(shown).toMatchObject({
    space: 'elman-chain',
    operations: { cell: { tanh: 2, relu: 2 } },
    network: { units: 8, parameters, multiplyAdds: parameters },
    data: { name: 'abcd', alphabet: ALPHABET },
  });
  expect(printArchitecture(shown)).toContain(
    `8 units, on abcd (4 symbols): ${parameters} parameters, ${parameters} multiply-adds`,
  );
  expect(describeArchitecture(found, {}).network).toMatchObject({ units: 6 });
  expect(() => describeArchitecture(found, { channels: 8 })).toThrow(/--set network.*elman-chain.*channels/);
});

it('and is drawn', async () => {
  const drawn = await drawArchitecture(await findArchitecture('trtr', 'elman-chain'), 'x.svg');
  expect(Object.keys(drawn)).toEqual(['x-cell.svg']);
});
