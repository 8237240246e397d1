import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { passesOf } from '../../../nas/training/programs/passes.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { expectExactResume, walk } from '../../training/programs/walk.ts';
import { symbolData } from './data.ts';
import { searchOf } from './specs.ts';
import { symbolTerms } from './terms.ts';
import { symbolWindows } from './windows.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const { metric } = symbolTerms;

const programs: TrainingProgram[] = [];
const create = async (spec: SearchSpec): Promise<TrainingProgram> => {
  const program = await createProgram(spec, { tf, data: symbolData() });
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

const expectForeseen = (spec: SearchSpec, { cost }: SearchResult): void => {
  const { trained, scored } = passesOf(spec, symbolWindows(symbolData().counts, 4, 3));
  expect(cost.images).toBe(trained + scored);
};

describe('a search of one job on networks that carry a state', () => {
  it('ranks children of shared weights, the lowest perplexity first, and continues bit for bit', async () => {
    const spec = searchOf('random-weight-sharing', {
      candidates: 5,
      scoreMinibatches: 2,
      rescore: 2,
      scoreStatistics: 'batch',
    });
    const whole = await walk<SearchResult>(await create(spec));
    const { candidates } = whole.result;
    expect(candidates).toHaveLength(5);
    const [first, second] = candidates.map(({ rescored }) => metric.value(rescored as number));
    expect(first).toBeLessThanOrEqual(second as number);
    expect(first).toBeGreaterThan(1);
    for (const { genotype } of candidates) expect(genotype).toMatch(/^[tr]{4}$/);
    expectForeseen(spec, whole.result);
    const { phases } = whole;
    await expectExactResume(() => create(spec), whole, [
      3,
      phases.indexOf('scoring') + 3,
      phases.indexOf('re-scoring') + 2,
    ]);
  });

  it.each(['first-order', 'second-order'] as const)(
    'moves alphas by windows with a state of their own, %s',
    async (optimization) => {
      const spec = searchOf('darts', { optimization });
      const whole = await walk<SearchResult>(await create(spec));
      const middle = whole.snapshots[5] as Snapshot;
      const states = Object.keys(middle.tensors).filter((name) => name.startsWith('carried/'));
      expect(states.sort()).toEqual([
        'carried/data/state',
        'carried/search-data/state',
        'carried/validation/state',
      ]);
      const [own, search] = states.map((name) => Array.from(middle.tensors[name]?.data ?? []));
      expect(search?.some((value) => value !== 0)).toBe(true);
      expect(search).not.toEqual(own);
      const { candidates, curve } = whole.result;
      expect(candidates[0]?.genotype).toMatch(/^[tr]{4}$/);
      expect(curve.at(-1)?.edgeWeights?.['cell']).toHaveLength(4);
      expect(curve.at(-1)).not.toHaveProperty('skipConnects');
      expectForeseen(spec, whole.result);
      await expectExactResume(() => create(spec), whole, [2, whole.phases.indexOf('evaluating') + 1]);
    },
  );
});
