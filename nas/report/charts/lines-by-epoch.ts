import type { TopLevelSpec } from 'vega-lite';
import { BY_EPOCH, type ValuesScale } from './channels.ts';
import { CHART_CONFIG, PLOT, SERIES } from './theme.ts';

/** A value of a line at an epoch. */
export interface LineValue {
  readonly line: string;
  readonly epoch: number;
  readonly value: number;
}

interface ValueAxis {
  readonly title: string;
  readonly scale?: ValuesScale;
  readonly axis?: { readonly format: string };
}

/** Lines over epochs in the colours of the search seeds; undefined where there are no values. */
export const linesByEpoch = (
  values: readonly LineValue[],
  y: ValueAxis,
  legend?: { readonly columns: number },
): TopLevelSpec | undefined =>
  values.length === 0
    ? undefined
    : {
        config: CHART_CONFIG,
        ...PLOT,
        data: { values: [...values] },
        mark: { type: 'line', point: { size: 18, filled: true } },
        encoding: {
          x: BY_EPOCH,
          y: { field: 'value', type: 'quantitative', ...y },
          color: {
            field: 'line',
            type: 'nominal',
            title: null,
            sort: null,
            ...(legend && { legend }),
            scale: { range: [...SERIES] },
          },
        },
      };
