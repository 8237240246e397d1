import { describe, expect, it } from 'vitest';
import { fidelityColumn, rungOptions, scoreByColumns } from '../../nas/benchmark/fidelity-columns.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { rungFidelities } from '../../nas/search/trials/sampler.ts';

const COLUMNS: Readonly<Record<string, number[]>> = { e4: [1, 2], e12: [3, 4], e36: [5, 6], e108: [7, 8] };
const table = {
  column: (name: string) => {
    const values = COLUMNS[name];
    if (values === undefined) throw new InputError(name);
    return Float64Array.from(values);
  },
};
const at = (text: string) => fidelityColumn(text) ?? { share: Number.NaN, column: text };
const EPOCHS = ['36/108=e36', '4/108=e4', '12/108=e12'].map(at);

describe('a column after a share of the training', () => {
  it('is read from numbers and fractions', () => {
    expect(fidelityColumn('4/108=valid_e4')).toEqual({ share: 4 / 108, column: 'valid_e4' });
    expect(fidelityColumn(' 0.5 = a=b ')).toEqual({ share: 0.5, column: 'a=b' });
    for (const wrong of [
      '',
      '4/108',
      '4/108=',
      '=e4',
      '1=e4',
      '0/3=e4',
      '4/0=e4',
      'x/3=e4',
      '1/2/3=e4',
      '-1/3=e4',
    ])
      expect(fidelityColumn(wrong), wrong).toBeUndefined();
  });

  it('is found by trials that have reached it, the searched one by full trainings alone', () => {
    const score = scoreByColumns(table, 'e108', EPOCHS);
    expect([1 / 27, 1 / 16, 1 / 9, 1 / 4, 1 / 3, 0.999, 1].map((share) => score(1, share))).toEqual([
      2, 2, 4, 4, 6, 6, 8,
    ]);
    expect(() => score(0, 1 / 81)).toThrow(/no column after 0\.012/);
  });

  it('is there, and one for each share', () => {
    expect(() => scoreByColumns(table, 'e108', [at('1/2=e9')])).toThrow(InputError);
    expect(() => scoreByColumns(table, 'e108', [...EPOCHS, at('1/27=e36')])).toThrow(
      /one column for each share/,
    );
  });

  it('gives schedulers rungs that have columns', () => {
    expect(rungOptions(EPOCHS)).toEqual({ minFidelity: 4 / 108, eta: 3 });
    expect(rungFidelities({ eta: 3, ...rungOptions(EPOCHS) })).toHaveLength(4);
    expect(rungOptions([at('12/200=e12')])).toEqual({ minFidelity: 0.06 });
    expect(rungOptions([at('1/2=e12')])).toEqual({ minFidelity: 0.5, eta: 2 });
  });
});
