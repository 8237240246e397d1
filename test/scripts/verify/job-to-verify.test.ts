import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../../nas/experiment/experiment.ts';
import type { ExperimentInput } from '../../../nas/experiment/experiment.ts';
import { InputError } from '../../../nas/core/input-error.ts';
import { programOf } from '../../../nas/protocol/plan.ts';
import { spaceOf } from '../../../nas/space/spaces.ts';
import { jobToVerify } from '../../../scripts/verify/job-to-verify.ts';

const experiment = (strategy: ExperimentInput['strategy'], space: ExperimentInput['space']) =>
  experimentSchema.parse({
    name: 'small',
    space,
    strategy,
    task: { data: 'tiny' },
    stages: {
      search: { seeds: [7], evaluations: 4, recipe: { epochs: 6 } },
      retrain: { seed: 8 },
      evaluate: { seeds: [9, 10] },
    },
  });

describe('the job that verify-resume runs twice', () => {
  it.each(['random-weight-sharing', 'darts', 'snas'] as const)('is the first search of %s', (name) => {
    const small = experiment({ name }, { name: 'darts-cnn' });
    expect(programOf(small, jobToVerify(small, 'search'))).toMatchObject({ seed: 7, strategy: { name } });
  });

  it('is a trial at full length where a strategy searches by trials', () => {
    const small = experiment({ name: 'regularized-evolution' }, { name: 'nasnet' });
    const job = jobToVerify(small, 'search');
    expect(job).toMatchObject({ kind: 'trial', seed: 7, rungs: [6] });
    expect(programOf(small, job)).toMatchObject({ kind: 'train-network', evaluateOn: 'validation' });
  });

  it('trains a random network of the space as stage 2 or 3 does', () => {
    const small = experiment({ name: 'darts' }, { name: 'darts-cnn' });
    for (const [stage, expected] of [
      ['retrain', { seed: 8, trainOn: 'train', evaluateOn: 'validation' }],
      ['evaluate', { seed: 9, trainOn: 'train+validation', evaluateOn: 'test' }],
    ] as const) {
      const program = programOf(small, jobToVerify(small, stage));
      expect(program).toMatchObject(expected);
      expect(spaceOf(small).hash('genotype' in program ? program.genotype : '')).toMatch(/^[0-9a-f]+$/);
    }
  });

  it('is none of a search that there is not', () => {
    const given = experiment({ name: 'given' }, { name: 'darts-cnn' });
    expect(() => jobToVerify(given, 'search')).toThrow(InputError);
    expect(() => jobToVerify(given, 'search')).toThrow(/--stage: .*search.* retrain, evaluate/);
    expect(jobToVerify(given, 'retrain')).toMatchObject({ kind: 'retrain' });
  });
});
