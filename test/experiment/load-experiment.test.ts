import { describe, expect, it } from 'vitest';
import { InputError } from '../../nas/core/input-error.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';

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
      [/^tiny\.yaml:12:\d+ stages\.search\.recipe\.epoch: 2/, /mean epochs/],
    ],
    [
      'a misspelt required field',
      TEXT.replace('task:', 'tsk:'),
      [],
      [/^tiny\.yaml:7:\d+ tsk/, /did you mean task\?/],
    ],
    ['a missing field', TEXT.replace(/task:\n.*\n/, ''), [], [/task: null/, /add the field/]],
    [
      'an unknown space',
      TEXT.replace('darts-cnn', 'dart-cnn'),
      [],
      [/^tiny\.yaml:2:\d+ space\.name: "dart-cnn"/, /mean darts-cnn/],
    ],
    [
      'an unknown strategy',
      TEXT.replace('random-w', 'randm-w'),
      [],
      [/^tiny\.yaml:4:\d+/, /mean random-weight-sharing/],
    ],
    ['a wrong type', TEXT.replace('epochs: 2', 'epochs: two'), [], [/^tiny\.yaml:12:\d+/, /"two"/, /number/]],
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
    ['text that is not YAML', 'name: [', [], [/^tiny\.yaml:1:\d+/]],
    ['YAML that is no mapping', '- 1', [], [/^tiny\.yaml:/, /mapping/]],
    [
      'a repeated seed',
      TEXT.replace('[0, 1]', '[1, 1]'),
      [],
      [/^tiny\.yaml:11:\d+ stages\.search\.seeds/, /seed 1 once/],
    ],
    [
      'more re-scores than candidates',
      TEXT.replace('rescore: 5', 'rescore: 50'),
      [],
      [/^tiny\.yaml:6:\d+/, /candidates = 20/],
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
      [/^tiny\.yaml:1:\d+ name/, /lower-case/],
    ],
  ];
  it.each(bad)('refuses %s', (_, text, overrides, patterns) => {
    const message = refusal(text, ...overrides);
    for (const pattern of [...patterns, /is not allowed\. Allowed: .+\. Fix: .+/])
      expect(message).toMatch(pattern);
  });
});

/** Each line of what is wrong, by where it is. */
const placesOf = (text: string, ...overrides: string[]): string[] =>
  refusal(text, ...overrides)
    .split('\n')
    .map((line) => /^(.*?): .* is not allowed\. Allowed: .+\. Fix: .+$/.exec(line)?.[1] ?? line);

describe('an experiment with several faults', () => {
  it('is told all of its schema’s', () => {
    const text = TEXT.replace('epochs: 2', 'epochs: two, batch: 3').replace(
      'candidates: 20',
      'candidates: -1',
    );
    expect(placesOf(`${text}extra: 1\n`, 'checkpoint.keep=1')).toEqual([
      'tiny.yaml:5:3 strategy.candidates',
      'tiny.yaml:12:15 stages.search.recipe.epochs',
      'tiny.yaml:12:28 stages.search.recipe.batch',
      '--set checkpoint.keep',
      'tiny.yaml:13:1 extra',
    ]);
  });

  it('is told all of its contradictions', () => {
    const text = TEXT.replace('[0, 1]', '[1, 1]').replace('rescore: 5', 'rescore: 50');
    expect(placesOf(text, 'stages.retrain.topK=100', 'rehearsal.reclaims=10')).toEqual([
      'tiny.yaml:11:5 stages.search.seeds',
      'tiny.yaml:6:3 strategy.rescore',
      '--set stages.retrain.topK',
      '--set rehearsal.reclaims',
    ]);
  });

  it('is told contradictions of what the schema accepts beside what it refuses, and none of a guess', () => {
    // The contradiction of seeds is its own; whether 50 re-scores are too many depends on the candidates that
    // are not known.
    const text = TEXT.replace('[0, 1]', '[1, 1]')
      .replace('candidates: 20', 'candidates: many')
      .replace('rescore: 5', 'rescore: 5000');
    expect(placesOf(text)).toEqual([
      'tiny.yaml:5:3 strategy.candidates',
      'tiny.yaml:11:5 stages.search.seeds',
    ]);
  });

  it.each([
    ['an unknown strategy', TEXT.replace('random-w', 'rndom-w'), 'tiny.yaml:4:3 strategy.name'],
    ['an unknown space', TEXT.replace('darts-cnn', 'dart-cnn'), 'tiny.yaml:2:10 space.name'],
    ['no task', TEXT.replace(/task:\n.*\n/, ''), 'tiny.yaml task'],
    ['a misspelt task', TEXT.replace('task:', 'tsk:'), 'tiny.yaml:7:1 tsk'],
  ])('keeps the other contradictions with %s', (_, text, place) => {
    const places = placesOf(text.replace('[0, 1]', '[1, 1]'));
    expect(places).toHaveLength(2);
    expect(places[0]).toBe(place);
    expect(places[1]).toMatch(/^tiny\.yaml:\d+:5 stages\.search\.seeds$/);
  });

  it('keeps contradictions beside wrong fields at several depths', () => {
    const text = TEXT.replace('darts-cnn', 'darts-cn').replace('epochs: 2', 'epochs: .nan');
    expect(placesOf(text.replace('[0, 1]', '[1, 1]').replace('name: tiny', 'name: Q'))).toEqual([
      'tiny.yaml:1:1 name',
      'tiny.yaml:2:10 space.name',
      'tiny.yaml:12:15 stages.search.recipe.epochs',
      'tiny.yaml:11:5 stages.search.seeds',
    ]);
  });

  it('is told of a missing number of evaluations, and nothing that follows from it', () => {
    const text = TEXT.replace(/ {2}name: random[^]*?task/, '  name: regularized-evolution\ntask');
    expect(placesOf(text, 'stages.retrain.topK=4')).toEqual(['tiny.yaml:8:3 stages.search.evaluations']);
  });

  it('lists wrong overrides together', () => {
    expect(placesOf(TEXT, 'topK', 'name.first=x', 'description=[1', 'stages.search.seeds.7=1')).toEqual([
      '--set',
      '--set name.first',
      expect.stringMatching(/^--set description:1:\d$/),
      '--set stages.search.seeds.7',
    ]);
  });

  it('names twenty, and counts the rest', () => {
    const text = `${TEXT}${Array.from({ length: 50 }, (_, i) => `f${i}: 1\n`).join('')}`;
    const lines = refusal(text).split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[20]).toBe('and 30 more');
  });
});

describe('YAML that would be changed or would harm', () => {
  const bomb = [
    'a: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from({ length: 9 }, (_, i) => `b${i}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
  ].join('\n');
  it.each<[string, string, RegExp]>([
    ['a bomb of references', bomb, /^tiny\.yaml:2:10: .*references/],
    [
      'many references',
      `a: &a 1\nb: [${Array(200).fill('*a').join(', ')}]\n`,
      /^tiny\.yaml:2:\d+: .*at most 100 ref/,
    ],
    [
      'a value that contains itself',
      `${TEXT}description: &d [*d]\n`,
      /^tiny\.yaml:13:18: .*contain themselves/,
    ],
    ['a field that contains itself', `${TEXT}gate: &d { cells: *d }\n`, /^tiny\.yaml:13:19: /],
    ['an unknown reference', `${TEXT}description: *nobody\n`, /^tiny\.yaml:13:14: .*anchor/],
    ['a second document', `${TEXT}---\nname: other\n`, /^tiny\.yaml:13:1: .*one document/],
    ['a repeated field', `${TEXT}name: other\n`, /^tiny\.yaml:13:1: .*each field once/],
    ['a tab', `${TEXT}resources:\n\tvcpus: 2\n`, /^tiny\.yaml:14:1: .*expand -t 2/],
    [
      'fields of a reference among others',
      `${TEXT}gate: &g { cells: 3 }\nbudget: { <<: *g, hours: 1 }\n`,
      /^tiny\.yaml:14:11: "<<: .*field: \*name/,
    ],
    ['a field whose name is a number', `${TEXT}7: 1\n`, /^tiny\.yaml:13:1 7: /],
    ['a field whose name is a truth', `${TEXT}true: 1\n`, /^tiny\.yaml:13:1 true: /],
    ['a tag', `${TEXT}description: !env HOME\n`, /^tiny\.yaml:13:14: .*remove the tag/],
    ['a field whose name is a list', `${TEXT}? [a, b]\n: 1\n`, /^tiny\.yaml:13:3: .*names of fields/],
    ['deep brackets', `a: ${'['.repeat(5000)}`, /^tiny\.yaml:1:\d+: /],
    ['no number', `${TEXT}budget: { dollars: .nan }\n`, /^tiny\.yaml:13:11 budget\.dollars: NaN/],
    ['an infinite number', `${TEXT}budget: { hours: .inf }\n`, /^tiny\.yaml:13:11 budget\.hours: Infinity/],
    ['a number that is too large', `${TEXT}budget: { hours: 1e400 }\n`, /budget\.hours: Infinity/],
    ['bytes', `${TEXT}description: !!binary aGVsbG8=\n`, /description: 5 bytes/],
    ['a field of all objects', `${TEXT}__proto__: { polluted: 1 }\n`, /__proto__/],
    ['nothing', '', /^tiny\.yaml: null/],
    ['a comment alone', '# nothing\n', /^tiny\.yaml: null/],
  ])('refuses %s', (_, text, pattern) => {
    const message = refusal(text);
    expect(message).toMatch(pattern);
    expect(message.length).toBeLessThan(4000);
  });

  it.each<[string, string, RegExp]>([
    ['a cycle', 'description=&a [*a]', /--set description:1:5: /],
    ['a second document', 'description=a\n---\nb', /--set description:2:1: .*one document/],
    ['no number', 'budget.hours=.nan', /--set budget\.hours: NaN/],
    ['a field of all objects', 'task.__proto__.x=1', /--set task\.__proto__/],
    ['a duplicate field', 'task={ data: a, data: b }', /--set task:1:12: .*once/],
  ])('refuses %s in an override', (_, override, pattern) => {
    expect(refusal(TEXT, override)).toMatch(pattern);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('ends lines, and comments, at carriage returns', () => {
    const text = `# as an old Macintosh wrote it\n${TEXT}`;
    const { experiment } = load(text);
    expect(load(text.replaceAll('\n', '\r')).experiment).toEqual(experiment);
    expect(load(text.replaceAll('\n', '\r\n')).experiment).toEqual(experiment);
    expect(refusal(`${text}resources: {}\rgates: 1\r`)).toMatch(/^tiny\.yaml:15:1 gates: /);
  });

  it('keeps references that stand for values', () => {
    const text = TEXT.replace('[0, 1]', '&seeds [3, 4]').concat('  evaluate: { seeds: *seeds }\n');
    const { stages } = load(text, 'stages.evaluate.seeds.0=7').experiment;
    expect([stages.search.seeds, stages.evaluate.seeds]).toEqual([
      [3, 4],
      [7, 4],
    ]);
  });

  it.each<[string, string]>([
    ['a long word', TEXT.replace('darts-cnn', 'x'.repeat(100_000))],
    ['a long name of a field', `${TEXT}${'x'.repeat(900)}: 1\n`],
    ['a long list', `${TEXT}description: [${'1, '.repeat(50_000)}]\n`],
    ['deep fields', `${TEXT}description: ${'{ a: '.repeat(300)}1${' }'.repeat(300)}\n`],
    ['a long broken line', `${TEXT}description: "${'x'.repeat(100_000)}\n`],
    ['a long broken override', `${TEXT}x: *${'y'.repeat(50_000)}\n`],
  ])('quotes the beginning of %s', (_, text) => {
    const message = refusal(text);
    expect(message.length).toBeLessThan(4500);
    expect(message).not.toMatch(/x{400}|y{400}|(1,){200}/);
  });

  it('quotes nothing that moves a cursor or hides text', () => {
    const message = refusal(TEXT.replace('darts-cnn', '"\\e[2J\\u202Eab\\u0085"'));
    expect(message).toContain(String.raw`\u001b[2J\u202eab\u0085`);
  });
});
