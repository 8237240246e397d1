import type { TopLevelSpec } from 'vega-lite';
import { PRIMITIVES } from '../../space/cell-genotype.ts';
import { NAS_BENCH_201_OPERATIONS } from '../../space/nas-bench-201.ts';
import type { RunReport } from '../run-report.ts';
import { BY_EPOCH } from './channels.ts';
import { CHART_CONFIG, COLOURS, PLOT, SERIES } from './theme.ts';

/** Operations of the mixtures of each space, in the order of their weights. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  'darts-cnn': PRIMITIVES,
  'nas-bench-201': NAS_BENCH_201_OPERATIONS,
};
const PALETTE = [COLOURS.muted, ...SERIES, COLOURS.ink];

const strongest = (weights: readonly number[]): number => weights.indexOf(Math.max(...weights));

/**
 * The softmax of the alphas by epoch, one panel a search seed and kind of cell: of every edge the operation
 * that weighs most in the end.
 */
export const edgeWeights = ({
  searches,
  configuration,
}: Pick<RunReport, 'searches' | 'configuration'>): TopLevelSpec | undefined => {
  const operations = OPERATIONS[configuration.space.name] ?? [];
  const values = searches.flatMap(({ seed, curve }) => {
    const last = curve.at(-1)?.edgeWeights ?? {};
    return curve.flatMap(({ epoch, edgeWeights = {} }) =>
      Object.entries(edgeWeights).flatMap(([kind, edges]) =>
        edges.map((weights, edge) => {
          const k = strongest(last[kind]?.[edge] ?? weights);
          return {
            panel: `${kind} cell, seed ${seed}`,
            edge,
            epoch,
            operation: operations[k] ?? `operation ${k}`,
            weight: weights[k],
          };
        }),
      ),
    );
  });
  if (values.length === 0) return undefined;
  return {
    config: CHART_CONFIG,
    data: { values },
    columns: 1,
    facet: {
      field: 'panel',
      type: 'nominal',
      title: null,
      sort: null,
      header: { labelColor: COLOURS.ink, labelFontSize: 11 },
    },
    spec: {
      width: PLOT.width,
      height: 110,
      mark: { type: 'line', strokeWidth: 1.2, opacity: 0.8 },
      encoding: {
        x: BY_EPOCH,
        y: {
          field: 'weight',
          type: 'quantitative',
          title: 'weight',
          scale: { zero: false },
          axis: { format: '.3~f' },
        },
        detail: { field: 'edge', type: 'nominal' },
        color: {
          field: 'operation',
          type: 'nominal',
          title: null,
          sort: null,
          legend: { columns: 3 },
          scale: { domain: [...operations], range: PALETTE.slice(0, operations.length) },
        },
      },
    },
  };
};
