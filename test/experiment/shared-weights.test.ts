import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';

const load = (space: string, statistics: string) =>
  loadExperiment(
    `name: tiny
space: { name: ${space} }
strategy: { name: random-weight-sharing, scoreStatistics: ${statistics} }
task: { data: fashion-mnist-small }
stages: { search: { seeds: [0] } }
`,
    { file: 'tiny.yaml', overrides: [] },
  ).experiment;

describe('random search with weight sharing', () => {
  it.each([
    ['darts-cnn', 'running'],
    ['nas-bench-201', 'batch'],
    ['nasnet', 'batch'],
    ['pnas', 'batch'],
    ['enas-micro', 'batch'],
  ])('searches %s by %s statistics', (space, statistics) => {
    expect(load(space, statistics).space.name).toBe(space);
  });

  it('refuses running statistics where children share none, and spaces without shared weights', () => {
    expect(() => load('nasnet', 'running')).toThrow(
      /strategy\.scoreStatistics: "running".*batch in the space nasnet/,
    );
    expect(() => load('block-qnn', 'batch')).toThrow(
      /random-weight-sharing cannot search block-qnn: it searches darts-cnn.*pnas/,
    );
  });
});
