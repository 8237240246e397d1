import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkAgainstDataset } from '../../nas/experiment/check-dataset.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { PUBLISHED_DARTS_RNN } from '../../nas/space/darts-rnn.ts';
import { manifestOfShape } from '../support/manifest-of-shape.ts';
import { textManifestOf } from '../support/text-manifest-of.ts';

const load = (file: string, ...overrides: string[]) =>
  loadExperiment(readFileSync(`experiments/${file}`, 'utf8'), { file, overrides });

describe('an experiment on a text', () => {
  const text = textManifestOf('opticks', 4226, [84_128, 8942, 10_220]);

  it.each([
    ['stages.search.recipe.batchSize', 4472, 'at most 4471: the validation text of opticks has 8.942 tokens'],
    ['stages.retrain.recipe.batchSize', 42_065, 'at most 42064: the train text of opticks has 84.128 tokens'],
    ['stages.evaluate.recipe.evaluationBatchSize', 4472, 'at most 4471: the validation text of opticks has'],
  ])('is refused with more columns than its text has: %s', (field, columns, allowed) => {
    const check = (value: number) => {
      const { experiment, place } = load('darts-ptb-small.yaml', `${field}=${value}`);
      checkAgainstDataset(experiment, text, place);
    };
    expect(() => check(columns - 1)).not.toThrow();
    expect(() => check(columns)).toThrow(
      new RegExp(`${field}: ${columns} is not allowed\\. Allowed: ${allowed}.*Fix: use fewer columns`),
    );
  });

  it('is refused on images', () => {
    const { experiment, place } = load('darts-ptb-small.yaml');
    expect(() => checkAgainstDataset(experiment, manifestOfShape('opticks', [8, 8, 1]), place)).toThrow(
      /task\.data: "opticks" .* data sets of language-modelling\. Fix: this one is of image-classification/,
    );
  });

  it.each(['pnas', 'eas', 'nas-rl'])('is refused where %s would take accuracies for its rewards', (name) => {
    expect(() => load('asha-ptb-small.yaml', `strategy={ name: ${name} }`)).toThrow(
      new RegExp(
        `strategy\\.name: "${name}" is not allowed\\. Allowed: strategies that learn from any score: .*perplexity.*` +
          `Fix: ${name} needs scores from 0 to 1, because .*choose another strategy`,
      ),
    );
  });

  it('is refused in a space of images', () => {
    expect(() => load('darts-ptb-small.yaml', 'space={ name: darts-cnn }')).toThrow(
      /space\.name: "darts-cnn".*spaces of language-modelling: darts-rnn, enas-rnn, nas-rl-rnn, lstm\. Fix: /,
    );
  });

  it.each([
    [
      'a name of another space',
      'ENAS_RNN',
      /genotype: "ENAS_RNN".*DARTS_V2, .*darts-rnn\. Fix: did you mean ENAS/,
    ],
    ['a cell of ENAS', '0 0 1 1 2 0 3', /genotype: "0 0 1 1 2 0 3" .*Genotype\(recurrent=/],
    ['a cell of images', "Genotype(normal=[('none', 0)])", /genotype.*Genotype\(recurrent=/],
  ])('is refused with %s', (_, genotype, message) => {
    const given = (cell: string) =>
      load(
        'darts-ptb-small.yaml',
        'strategy={ name: given }',
        'stages.retrain.topK=1',
        `genotype=${JSON.stringify(cell)}`,
      );
    expect(() => given(PUBLISHED_DARTS_RNN.ENAS as string)).not.toThrow();
    expect(() => given(genotype)).toThrow(message);
  });
});
