import { describe, expect, it } from 'vitest';
import { InputError } from '../../nas/core/input-error.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';

const TEXT = `name: tiny
space: { name: darts-cnn }
strategy: { name: darts }
task: { data: fashion-mnist-small }
stages: { search: { seeds: [0, 1] }, retrain: { topK: 2 } }
`;

const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'tiny.yaml', overrides }).experiment;
const refusal = (...overrides: string[]): string => {
  try {
    load(...overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('the experiment was accepted');
};

describe('experiments with darts', () => {
  it('default to the published settings', () => {
    expect(load().strategy).toEqual({
      name: 'darts',
      optimization: 'second-order',
      architecture: { learningRate: 3e-4, beta1: 0.5, beta2: 0.999, weightDecay: 1e-3 },
    });
  });

  it('have one cell a search seed', () => {
    expect(refusal('stages.retrain.topK=3')).toMatch(/at most 2: 2 search seeds × 1 candidates/);
  });

  it.each(['auxiliaryWeight', 'dropPath', 'dropout', 'emaDecay'])('refuse %s while searching', (field) => {
    expect(refusal(`stages.search.recipe.${field}=0.1`)).toMatch(
      new RegExp(
        `stages\\.search\\.recipe\\.${field}: 0\\.1 is not allowed\\. Allowed: 0 while darts searches`,
      ),
    );
  });

  it('refuse samples that grow softer', () => {
    expect(refusal('strategy={name: snas, temperature: {final: 2}}')).toMatch(
      /strategy\.temperature\.final: 2 .*at most strategy\.temperature\.initial = 1/,
    );
  });

  it.each(['{kind: adam}', '{kind: sgd, nesterov: true}'])('unroll no %s', (optimizer) => {
    const override = `stages.search.recipe.optimizer=${optimizer}`;
    expect(refusal(override)).toMatch(/sgd without nesterov/);
    expect(load(override, 'strategy.optimization=first-order').strategy.name).toBe('darts');
  });
});
