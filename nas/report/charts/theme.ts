import type { Config } from 'vega-lite';

const themed = (name: string, light: string): string => `var(--${name}, ${light})`;

/**
 * Colours by role. In a page that defines the variables they follow its light or dark theme; elsewhere they
 * are light.
 */
export const COLOURS = {
  ink: themed('ink', '#1d2126'),
  muted: themed('muted', '#68707c'),
  grid: themed('line', '#e3e6ea'),
  surface: themed('surface', '#ffffff'),
  winner: themed('winner', '#0b6e8f'),
  baseline: themed('baseline', '#b45f06'),
  good: themed('good', '#2e7d4f'),
  bad: themed('bad', '#b3372f'),
} as const;

/** Colours of search seeds, in order; distinguishable without red and green side by side. */
export const SERIES = [
  themed('s1', '#3566b0'),
  themed('s2', '#c8762b'),
  themed('s3', '#5a8f3d'),
  themed('s4', '#8a5aa8'),
  themed('s5', '#b04a6f'),
  themed('s6', '#3f8f92'),
] as const;

/** Graphviz knows no variables: it is given these light colours, and what it drew gets the variables back. */
export const themeColours = (svg: string): string =>
  svg.replace(/#[0-9a-f]{6}/g, (colour) => THEMED.get(colour) ?? colour);

/**
 * The chart as a file of its own, for programs that know no variables: every variable becomes its light
 * colour.
 */
export const plainColours = (svg: string): string => svg.replace(/var\(--\w+, (#[0-9a-f]{6})\)/g, '$1');

const THEMED: ReadonlyMap<string, string> = new Map(
  [...Object.values(COLOURS), ...SERIES].map((colour) => [plainColours(colour), colour]),
);

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** Width and height of the plotting area, px: a chart fills a phone's width and a third of a desktop's. */
export const PLOT = { width: 300, height: 190 } as const;

export const CHART_CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: COLOURS.muted,
    titleColor: COLOURS.muted,
    gridColor: COLOURS.grid,
    domainColor: COLOURS.grid,
    tickColor: COLOURS.grid,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
    titlePadding: 6,
    tickCount: 5,
    tickSize: 3,
  },
  legend: {
    labelColor: COLOURS.ink,
    titleColor: COLOURS.muted,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
    orient: 'top',
    symbolSize: 60,
    symbolStrokeWidth: 2,
    columnPadding: 10,
    labelLimit: 0,
    offset: 6,
  },
  line: { strokeWidth: 1.8 },
  text: { fill: COLOURS.ink, fontSize: 11 },
};
