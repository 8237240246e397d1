import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { expectWholeMinibatchNeeded } from './few-images.ts';

const TEXT = `name: tiny
space: { name: enas-micro }
strategy: { name: enas }
task: { data: fashion-mnist-small }
stages:
  search: { network: { layers: 5 } }
`;
const load = (text: string) => loadExperiment(text, { file: 'tiny.yaml', overrides: [] }).experiment;

describe('an experiment that searches with ENAS', () => {
  it('has the paper’s controller', () => {
    expect(load(TEXT).strategy).toEqual({
      name: 'enas',
      controller: {
        hiddenUnits: 100,
        learningRate: 3.5e-4,
        beta1: 0,
        epsilon: 1e-3,
        updates: 2000,
        samples: 1,
        temperature: 5,
        tanhConstant: 2.5,
        entropyWeight: 1e-4,
        baselineDecay: 0.99,
        skipTarget: 0.4,
        skipWeight: 0.8,
      },
      candidates: 10,
    });
    expect(load(TEXT.replace('enas-micro', 'enas-macro')).space).toEqual({ name: 'enas-macro', depth: 12 });
  });

  it.each([
    ['enas-micro }', 'nasnet }', /strategy\.name: "enas".*enas cannot search nasnet: it searches enas-macro/],
    [
      '{ network: { layers: 5 } }',
      '{ recipe: { dropPath: 0.2 } }',
      /search\.recipe\.dropPath: 0\.2.*0 while enas searches/,
    ],
    ['{ name: enas }', '{ name: enas, candidates: 1 }\n', /topK|candidates/],
    ['enas-micro }', 'enas-macro, depth: 2 }', /space\.depth: 2.*≥ 3/],
  ])('refuses %s → %s', (from, to, message) => {
    const text = TEXT.replace(from, to).replace('seeds: [0, 1, 2, 3]', 'seeds: [0]');
    expect(() => load(text.includes('candidates: 1') ? `${text}  retrain: { topK: 5 }\n` : text)).toThrow(
      message,
    );
  });

  it('needs a whole validation minibatch for a reward', () => {
    expectWholeMinibatchNeeded(
      load(
        `${TEXT.replace('fashion-mnist-small }', 'fashion-mnist-small, validationFraction: 0.2 }')}  retrain: { recipe: { batchSize: 8 }, augmentation: { cutout: 0 } }\n`,
      ),
    );
  });
});
