import { describe, expect, it } from 'vitest';
import {
  controllerEntropy,
  controllerRewards,
  controllerSkipRate,
} from '../../nas/report/charts/search-diagnostics.ts';
import { DEFAULT_TASK } from '../../nas/task/terms.ts';
import type { RunReport } from '../../nas/report/run-report.ts';

const report = (controllers: readonly object[]): Pick<RunReport, 'searches' | 'configuration'> =>
  ({
    configuration: { task: { kind: DEFAULT_TASK } },
    searches: [
      { seed: 3, curve: controllers.map((controller, i) => ({ epoch: i + 1, step: i, controller })) },
    ],
  }) as unknown as Pick<RunReport, 'searches' | 'configuration'>;

const values = (chart: unknown): unknown => (chart as { data: { values: unknown } }).data.values;

describe('charts of a controller', () => {
  const macro = report([
    { reward: 0.3, baseline: 0.2, entropy: 9, skipRate: 0.5 },
    { reward: 0.5, baseline: 0.3, entropy: 8, skipRate: 0.4 },
  ]);

  it('draw rewards beside their moving average, entropy and skip rate by epoch', () => {
    expect(values(controllerRewards(macro))).toEqual([
      { line: 'reward, seed 3', value: 0.3, epoch: 1 },
      { line: 'baseline, seed 3', value: 0.2, epoch: 1 },
      { line: 'reward, seed 3', value: 0.5, epoch: 2 },
      { line: 'baseline, seed 3', value: 0.3, epoch: 2 },
    ]);
    expect(values(controllerEntropy(macro))).toContainEqual({ line: 'seed 3', value: 8, epoch: 2 });
    expect(values(controllerSkipRate(macro))).toContainEqual({ line: 'seed 3', value: 0.4, epoch: 2 });
  });

  it('are left out where there is nothing to draw', () => {
    const micro = report([{ reward: 0.3, baseline: 0.2, entropy: 9 }]);
    expect(controllerSkipRate(micro)).toBeUndefined();
    const none = {
      configuration: { task: { kind: DEFAULT_TASK } },
      searches: [{ seed: 3, curve: [{ epoch: 1, step: 1 }] }],
    } as unknown as Pick<RunReport, 'searches' | 'configuration'>;
    expect(controllerRewards(none)).toBeUndefined();
    expect(controllerEntropy(none)).toBeUndefined();
  });
});
