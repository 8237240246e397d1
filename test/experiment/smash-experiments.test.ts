import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { programOf, searchJobs } from '../../nas/protocol/plan.ts';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import { expectWholeMinibatchNeeded } from './few-images.ts';

const TEXT = `name: tiny
space: { name: smash, width: 1, maxWidth: 4 }
strategy: { name: smash, candidates: 3, perturbations: 1, chain: 0 }
task: { data: fashion-mnist-small }
stages:
  search: { seeds: [0], recipe: { batchSize: 64 } }
  retrain: { topK: 4, recipe: { batchSize: 8 }, augmentation: { cutout: 0 } }
`;
const load = (text: string) => loadExperiment(text, { file: 'tiny.yaml', overrides: [] }).experiment;

describe('an experiment that searches with SMASH', () => {
  it('has the counts of the authors’ code, and may retrain all that a search scores', () => {
    expect(load(TEXT.replace(/strategy.*/, 'strategy: { name: smash }')).strategy).toEqual({
      name: 'smash',
      hypernet: { layers: [8, 10, 4], growth: 10 },
      candidates: 500,
      perturbations: 100,
      chain: 100,
    });
    const experiment = load(TEXT);
    const [job] = searchJobs(experiment) as [PlannedJob];
    expect(programOf(experiment, job).kind).toBe('smash-search');
  });

  it.each([
    [
      'smash, width: 1, maxWidth: 4',
      'nasnet',
      /strategy\.name: "smash".*smash cannot search nasnet: it searches smash/,
    ],
    ['maxWidth: 4', 'maxWidth: 7', /space\.maxWidth: 7.*at most the 6 units/],
    ['maxWidth: 4', 'maxKernel: 9', /maxKernel/],
    ['batchSize: 64 }', 'dropPath: 0.2 }', /search\.recipe\.dropPath: 0\.2.*0 while smash searches/],
    ['batchSize: 64 }', 'precision: auto }', /search\.recipe\.precision.*float32 while smash searches/],
    ['topK: 4', 'topK: 5', /retrain\.topK: 5.*at most 4/],
    ['name: smash, candidates', 'name: smash, hypernet: { layers: [1] }, candidates', /hypernet\.layers/],
  ])('refuses %s → %s', (from, to, message) => {
    expect(() => load(TEXT.replace(from, to))).toThrow(message);
  });

  it('needs a whole validation minibatch for a score', () => {
    expectWholeMinibatchNeeded(
      load(TEXT.replace('fashion-mnist-small', 'fashion-mnist-small, validationFraction: 0.2')),
    );
  });
});
