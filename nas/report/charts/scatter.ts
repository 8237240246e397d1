import type { TopLevelSpec } from 'vega-lite';
import type { ValuesScale } from './channels.ts';
import { CHART_CONFIG, PLOT } from './theme.ts';

interface Axis {
  readonly field: string;
  readonly title: string;
  /** Of the numbers on it, in d3's notation. */
  readonly format: string;
  readonly scale?: ValuesScale;
}

/** Names a field of the points that is a colour. */
interface Colour {
  readonly field: string;
  readonly type: 'nominal';
  readonly title: null;
  readonly sort?: 'ascending';
  readonly scale: { readonly domain?: readonly string[]; readonly range: readonly string[] };
}

const encodingOf = ({ field, title, format, scale = { zero: false } }: Axis) =>
  ({
    field,
    type: 'quantitative',
    title,
    scale: { ...scale, padding: 12 },
    axis: { format },
  }) as const;

/** One point for each of `values`. */
export const scatter = (
  values: readonly Readonly<Record<string, unknown>>[],
  x: Axis,
  y: Axis,
  color: Colour,
): TopLevelSpec => ({
  config: CHART_CONFIG,
  ...PLOT,
  data: { values: [...values] },
  mark: { type: 'point', filled: true, size: 70, opacity: 0.9 },
  encoding: { x: encodingOf(x), y: encodingOf(y), color },
});
