import type { TopLevelSpec } from 'vega-lite';
import { metricOf } from '../../task/terms.ts';
import type { CurvePoint } from '../../job/program-result.ts';
import type { RunReport } from '../run-report.ts';
import { linesByEpoch, type LineValue } from './lines-by-epoch.ts';

/** What `linesOf` says of each point of the searches' curves. */
const diagnosis = (
  { searches }: Pick<RunReport, 'searches'>,
  title: string,
  linesOf: (point: CurvePoint, seed: string) => readonly Omit<LineValue, 'epoch'>[],
): TopLevelSpec | undefined =>
  linesByEpoch(
    searches.flatMap(({ seed, curve }) =>
      curve.flatMap((point) =>
        linesOf(point, `seed ${seed}`).map((line) => ({ ...line, epoch: point.epoch })),
      ),
    ),
    { title },
    { columns: 2 },
  );

/**
 * Skip connections of the cell that the alphas stand for, by epoch: a search that collapses ends with many.
 */
export const skipConnections = (report: Pick<RunReport, 'searches'>): TopLevelSpec | undefined =>
  diagnosis(report, 'skip connections', ({ skipConnects = {} }, seed) =>
    Object.entries(skipConnects).map(([kind, value]) => ({ line: `${kind}, ${seed}`, value })),
  );

/**
 * Dominant eigenvalue of the validation loss's Hessian in the alphas, by epoch, where the experiment asks for
 * it.
 */
export const hessianEigenvalue = (report: Pick<RunReport, 'searches'>): TopLevelSpec | undefined =>
  diagnosis(report, 'dominant eigenvalue', ({ hessianEigenvalue: value }, seed) =>
    value === undefined ? [] : [{ line: seed, value }],
  );

/** Rewards of the architectures that ENAS' controller drew after each epoch, and their moving average. */
export const controllerRewards = (
  report: Pick<RunReport, 'searches' | 'configuration'>,
): TopLevelSpec | undefined =>
  diagnosis(report, metricOf(report.configuration).scoreName, ({ controller }, seed) =>
    controller === undefined
      ? []
      : [
          { line: `reward, ${seed}`, value: controller.reward },
          { line: `baseline, ${seed}`, value: controller.baseline },
        ],
  );

/** How undecided ENAS' controller is. */
export const controllerEntropy = (report: Pick<RunReport, 'searches'>): TopLevelSpec | undefined =>
  diagnosis(report, 'nats an architecture', ({ controller }, seed) =>
    controller === undefined ? [] : [{ line: seed, value: controller.entropy }],
  );

/** Share of the possible skip connections that ENAS' controller makes. */
export const controllerSkipRate = (report: Pick<RunReport, 'searches'>): TopLevelSpec | undefined =>
  diagnosis(report, 'skip rate', ({ controller }, seed) =>
    controller?.skipRate === undefined ? [] : [{ line: seed, value: controller.skipRate }],
  );
