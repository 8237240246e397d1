import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../nas/experiment/experiment.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { programOf, searchJobs } from '../../nas/protocol/plan.ts';
import { chosenSpace, spaceSchema } from '../../nas/space/registry.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { isBlackBox, optionsOf } from '../../nas/search/strategy-schema.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { SPACES } from '../support/spaces.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';

const TEXT = `name: toy
space: { name: nasnet }
strategy: { name: regularized-evolution }
task: { data: cifar10 }
stages:
  search: { seeds: [0], evaluations: 50, recipe: { epochs: 16 } }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'toy.yaml', overrides }).experiment;

describe('an experiment with a black-box strategy', () => {
  it('can name every registered space', () => {
    for (const name of Object.keys(SPACES)) {
      const choice = spaceSchema.parse({ name });
      const { genotype, hash } = spaceOf(choice).sample(randomFromSeed(1));
      expect(spaceOf(choice).hash(genotype), name).toBe(hash);
    }
    expect(chosenSpace({ name: 'nas-rl', depth: 3 }).sample(randomFromSeed(1))).toHaveLength(3);
  });

  it('can name every strategy on every space that it can search, with all of its options resolved', () => {
    for (const [name, entry] of Object.entries(STRATEGIES)) {
      expect(entry.name).toBe(name);
      if (entry.needsLosses !== undefined) {
        expect(() => load(`strategy.name=${name}`)).toThrow(`${name} needs negative losses`);
        continue;
      }
      const space = Object.keys(SPACES).find((s) => entry.refuses(SPACES[s as 'nasnet']) === undefined);
      const { strategy, stages } = load(
        `strategy.name=${name}`,
        `space.name=${space}`,
        'stages.search.recipe.epochs=64',
      );
      if (!isBlackBox(strategy)) throw new Error(`${name} is not known as black box`);
      const options = optionsOf(strategy);
      expect(options).toEqual(entry.options(50).parse({}));
      // A resolved experiment is its own resolution.
      expect(entry.options(stages.search.evaluations ?? 0).parse(options)).toEqual(options);
    }
  });

  it('derives defaults from the evaluations and stores what it derived', () => {
    expect(load().strategy).toEqual({
      name: 'regularized-evolution',
      populationSize: 9,
      tournamentSize: 2,
      identity: 0.05,
    });
    expect(load('strategy.populationSize=20').strategy).toMatchObject({
      populationSize: 20,
      tournamentSize: 2,
    });
    expect(experimentSchema.parse(load()).strategy).toEqual(load().strategy);
  });

  it('searches by trials, which train with stage 1\u2019s recipe and score on validation', () => {
    const experiment = load();
    expect(searchJobs(experiment)).toEqual([
      { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' },
    ]);
    const slow = load('space.name=pnas', 'strategy.name=pnas', 'strategy.predictor=lstm');
    expect(searchJobs(slow)[0]).toMatchObject({ by: 'trials', thinksLong: true });
    const trial = { kind: 'trial', jobId: 'stage-1/seed-0/trial-000000', seed: 0, genotype: 'g' } as const;
    expect(programOf(experiment, { ...trial, rungs: [16] })).toMatchObject({
      kind: 'train-network',
      evaluateOn: 'validation',
      recipe: { epochs: 16 },
    });
    expect(programOf(experiment, { ...trial, rungs: [16] })).not.toHaveProperty('rungs');
    expect(programOf(experiment, { ...trial, rungs: [1, 4] })).toMatchObject({ rungs: [1, 4] });
    expect(programOf(experiment, { ...trial, rungs: [16] })).not.toHaveProperty('scoreOfLast');
    const best = load('stages.search.scoreOfLast=5');
    expect(programOf(best, { ...trial, rungs: [16] })).toMatchObject({ scoreOfLast: 5 });
    const retrain = { kind: 'retrain', jobId: 'stage-2/cell-0', seed: 0, genotype: 'g' } as const;
    expect(programOf(best, retrain)).not.toHaveProperty('scoreOfLast');
  });

  it.each([
    [
      ['space.name=nas-bench-201', 'strategy.name=nasbot'],
      /strategy\.name.*random, .*nasbot cannot search nas-bench-201/,
    ],
    [['strategy.name=darts'], /darts cannot search nasnet: it searches darts-cnn/],
    [['strategy.populationSize=51'], /--set strategy\.populationSize: 51.*at most the 50 evaluations/],
    [
      ['strategy.populationSiz=5'],
      /the fields identity, name, populationSize, tournamentSize\. Fix: did you mean populationSize/,
    ],
    [['stages.search={ seeds: [0] }'], /stages\.search\.evaluations: null.*integers ≥ 1/],
    [['strategy.name=asha'], /recipe\.epochs: 16.*at least 64/],
    [['stages.search.scoreOfLast=17'], /scoreOfLast: 17 .*Allowed: 1 to the 16 epochs/],
    [['stages.search.scoreOfLast=0'], /scoreOfLast: 0 .*Allowed: ≥ 1/],
    [
      ['strategy.name=asha', 'stages.search.recipe.epochs=64', 'stages.search.scoreOfLast=2'],
      /scoreOfLast: 2 .*Allowed: left out while asha searches: its rungs/,
    ],
    [
      ['stages.search.scoreOfLast=2', 'stages.search.table={ name: t, column: c }'],
      /scoreOfLast: 2 .*Allowed: left out where trials are looked up/,
    ],
    [
      [
        'space.name=darts-cnn',
        'strategy={ name: darts }',
        'stages.search={ seeds: [0], scoreOfLast: 2, recipe: { epochs: 16 } }',
      ],
      /scoreOfLast: 2 .*Allowed: left out while darts searches: it has no trials/,
    ],
    [
      ['stages.search.objective={ limits: { parameters: { max: 0 } } }'],
      /objective\.limits\.parameters\.max: 0 .*Allowed: numbers above 0/,
    ],
    [
      ['stages.search.table={ name: nas-bench-201, column: c }'],
      /search\.table: "nas-bench-201".*left out while nasnet is searched: there are tables of nas-bench-201, nas-bench-macro/,
    ],
    [['stages.retrain.topK=51'], /topK: 51.*at most 50/],
  ])('refuses %j', (overrides, message) => {
    expect(() => load(...overrides)).toThrow(message);
  });
});
