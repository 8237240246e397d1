import { describe, expect, it } from 'vitest';
import { InputError } from '../../nas/protocol/input-error.ts';
import { loadExperiment } from '../../nas/protocol/load-experiment.ts';

const TEXT = `name: tiny
space: { name: darts-cnn }
strategy:
  name: random-weight-sharing
  candidates: 20
  rescore: 5
task:
  data: fashion-mnist-small
stages:
  search:
    seeds: [0, 1]
    recipe: { epochs: 2 }
`;

const load = (text: string, ...overrides: string[]) => loadExperiment(text, { file: 'tiny.yaml', overrides });
const refusal = (text: string, ...overrides: string[]): string => {
  try {
    load(text, ...overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('the experiment was accepted');
};

describe('loadExperiment', () => {
  it('keeps what a stage trains by where an experiment changes a part of it', () => {
    const { experiment } = load(
      TEXT,
      'stages.retrain.recipe.batchSize=48',
      'stages.evaluate.network.channels=40',
      'stages.evaluate.augmentation.cropPadding=2',
    );
    const published = { epochs: 600, batchSize: 96, auxiliaryWeight: 0.4, dropPath: 0.2 };
    expect(experiment.stages.retrain.recipe).toMatchObject({ ...published, batchSize: 48 });
    expect(experiment.stages.evaluate.recipe).toMatchObject(published);
    expect(experiment.stages.evaluate.network).toMatchObject({ channels: 40, layers: 20 });
    expect(experiment.stages.evaluate.augmentation).toMatchObject({ cropPadding: 2, cutout: 16 });
  });

  it('fills in defaults and applies overrides, which are read as YAML', () => {
    const { experiment } = load(
      TEXT,
      'stages.retrain.topK=3',
      'stages.evaluate.seeds=[5, 6]',
      'checkpoint.keep=2',
    );
    expect(experiment.stages.search.recipe).toMatchObject({ epochs: 2, batchSize: 64 });
    expect(experiment.stages.retrain.topK).toBe(3);
    expect(experiment.stages.evaluate.seeds).toEqual([5, 6]);
    expect(experiment.checkpoint).toMatchObject({ keep: 2, intervalSeconds: 'auto' });
  });

  const bad: [string, string, string[], RegExp[]][] = [
    [
      'mixed precision without a GPU',
      TEXT,
      ['stages.evaluate.recipe.precision=mixed'],
      [/precision: "mixed"/, /precision: auto/],
    ],
    [
      'mixed precision while alphas move',
      TEXT.replace(/name: random[^]*?task/, 'name: darts\ntask'),
      ['stages.search.recipe.precision=auto', 'stages.retrain.topK=1'],
      [/precision: "auto"/, /float32 while darts searches/],
    ],
    [
      'an unknown field',
      TEXT.replace('epochs', 'epoch'),
      [],
      [/^tiny\.yaml:12 stages\.search\.recipe\.epoch: 2/, /mean epochs/],
    ],
    [
      'a misspelt required field',
      TEXT.replace('task:', 'tsk:'),
      [],
      [/^tiny\.yaml:7 tsk/, /did you mean task\?/],
    ],
    ['a missing field', TEXT.replace(/task:\n.*\n/, ''), [], [/task: null/, /add the field/]],
    [
      'an unknown space',
      TEXT.replace('darts-cnn', 'dart-cnn'),
      [],
      [/^tiny\.yaml:2 space\.name: "dart-cnn"/, /mean darts-cnn/],
    ],
    [
      'an unknown strategy',
      TEXT.replace('random-w', 'randm-w'),
      [],
      [/^tiny\.yaml:4/, /mean random-weight-sharing/],
    ],
    ['a wrong type', TEXT.replace('epochs: 2', 'epochs: two'), [], [/^tiny\.yaml:12/, /"two"/, /number/]],
    [
      'a value out of bounds',
      TEXT,
      ['stages.search.recipe.epochs=0'],
      [/^--set stages\.search\.recipe\.epochs: 0/, /≥ 1/],
    ],
    ['a fraction where a whole number belongs', TEXT, ['stages.retrain.topK=1.5'], [/an integer/]],
    [
      'an unknown word',
      TEXT,
      ['stages.search.recipe.optimizer.kind=adm'],
      [/adam, rmsprop, sgd/, /mean adam/],
    ],
    ['neither word nor number', TEXT, ['checkpoint.intervalSeconds=often'], [/auto, number/]],
    ['an override that is none', TEXT, ['topK'], [/^--set: "topK"/, /FIELD=VALUE/]],
    ['an override below a value', TEXT, ['name.first=x'], [/name has no fields/]],
    ['a broken override value', TEXT, ['description=[1'], [/^--set description/]],
    ['text that is not YAML', 'name: [', [], [/^tiny\.yaml:1/]],
    ['YAML that is no mapping', '- 1', [], [/^tiny\.yaml:/, /mapping/]],
    [
      'a repeated seed',
      TEXT.replace('[0, 1]', '[1, 1]'),
      [],
      [/^tiny\.yaml:11 stages\.search\.seeds/, /seed 1 once/],
    ],
    [
      'more re-scores than candidates',
      TEXT.replace('rescore: 5', 'rescore: 50'),
      [],
      [/^tiny\.yaml:6/, /candidates = 20/],
    ],
    ['more retrained cells than found ones', TEXT, ['stages.retrain.topK=41'], [/at most 40/]],
    [
      'a warm-up as long as training',
      TEXT,
      ['stages.search.recipe.schedule={kind: cosine, warmupEpochs: 2}'],
      [/warmupEpochs: 2/],
    ],
    ['more drills than attempts', TEXT, ['rehearsal.reclaims=10'], [/resources\.attempts = 10/]],
    [
      'a name that no run can have',
      TEXT.replace('tiny', 'Tiny Run'),
      [],
      [/^tiny\.yaml:1 name/, /lower-case/],
    ],
  ];
  it.each(bad)('refuses %s', (_, text, overrides, patterns) => {
    const message = refusal(text, ...overrides);
    for (const pattern of [...patterns, /is not allowed\. Allowed: .+\. Fix: .+/])
      expect(message).toMatch(pattern);
  });
});
