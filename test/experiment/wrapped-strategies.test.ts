import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../nas/experiment/experiment.ts';
import { experimentJsonSchema } from '../../nas/experiment/experiment-issues.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { minimisedMeasures } from '../../nas/experiment/measures.ts';
import { searchJobs } from '../../nas/protocol/plan.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';

const TEXT = `name: toy
space: { name: nas-bench-201 }
strategy: { name: asha }
task: { data: cifar10 }
stages:
  search: { seeds: [0], evaluations: 50, recipe: { epochs: 100 } }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'toy.yaml', overrides }).experiment;

describe('an experiment whose scheduler takes its networks from another strategy', () => {
  it('samples at random where it names none, also where an earlier document has no name', () => {
    const asha = { name: 'asha', eta: 4, minFidelity: 1 / 64, sampler: { name: 'random' } };
    expect(load().strategy).toEqual(asha);
    expect(load('strategy.sampler={}').strategy).toEqual(asha);
    expect(load('strategy.name=hyperband').strategy).toMatchObject({ eta: 3, sampler: { name: 'random' } });
  });

  it.each(['asha', 'successive-halving', 'hyperband'])('settles the options of the sampler of %s', (name) => {
    const experiment = load(`strategy.name=${name}`, 'strategy.sampler={ name: regularized-evolution }');
    expect(experiment.strategy).toMatchObject({
      sampler: {
        name: 'regularized-evolution',
        ...(STRATEGIES['regularized-evolution'].options(50).parse({}) as object),
      },
    });
    expect(experimentSchema.parse(experiment).strategy).toEqual(experiment.strategy);
  });

  it('offers every strategy that is no scheduler itself', () => {
    const { properties } = experimentJsonSchema() as {
      properties: {
        strategy: { oneOf: { properties: Record<string, { const?: string; oneOf?: unknown[] }> }[] };
      };
    };
    const asha = properties.strategy.oneOf.find(({ properties: { name } }) => name?.const === 'asha');
    const samplers = (asha?.properties['sampler']?.oneOf ?? []) as {
      properties: { name: { const: string } };
    }[];
    expect(samplers.map(({ properties: { name } }) => name.const)).toEqual(
      Object.values(STRATEGIES).flatMap(({ name, multiFidelity }) => (multiFidelity ? [] : [name])),
    );
  });

  it('passes on what the sampler minimises, and that it thinks long', () => {
    const sampler = 'strategy.sampler={ name: nsga-net, minimise: [parameters] }';
    expect(minimisedMeasures(load(sampler))).toEqual(['parameters']);
    expect(searchJobs(load(sampler))[0]).not.toHaveProperty('thinksLong');
    const slow = load('space.name=pnas', 'strategy.sampler={ name: pnas, predictor: lstm }');
    expect(searchJobs(slow)[0]).toMatchObject({ thinksLong: true });
  });

  it.each([
    [
      ['strategy.sampler={ name: regularized-evolution, populationSize: 51 }'],
      /strategy\.sampler\.populationSize: 51.*at most the 50 evaluations/,
    ],
    [
      ['strategy.sampler={ name: judged-evolution, strategy: { populationSize: 51 } }'],
      /strategy\.sampler\.strategy\.populationSize: 51.*at most the 50 evaluations/,
    ],
    [
      ['strategy.name=asha-evolution', 'strategy.sampler={ populationSize: 51 }'],
      /strategy\.sampler\.populationSize: 51.*at most the 50 evaluations/,
    ],
    [
      ['strategy.sampler={ name: regularized-evolution, populationSiz: 5 }'],
      /sampler\.populationSiz: 5.*Allowed: the fields .*name, populationSize, tournamentSize\. Fix: did you mean populationSize/,
    ],
    [
      ['strategy.sampler={ populationSize: 5 }'],
      /populationSize: 5.*the fields name\. Fix: remove the field/,
    ],
    [
      ['strategy.sampler={ name: regularised-evolution }'],
      /sampler\.name: .*did you mean regularized-evolution/,
    ],
    [['strategy.sampler={ name: hyperband }'], /sampler\.name: "hyperband".*auto-keras.*tpe/],
    [
      ['strategy.sampler={ name: nasbot }'],
      /strategy\.sampler\.name: "nasbot".*Allowed: random, .*surrogate.*cannot propose networks of nas-bench-201/,
    ],
    [
      ['space.name=eas', 'strategy.sampler={ name: eas }'],
      /strategy\.sampler\.name: "eas" .*start with the weights of fully trained ones/,
    ],
    [
      ['strategy.sampler={ name: nsga-net, minimise: [latency] }'],
      /strategy\.sampler\.minimise: "latency".*parameters, multiplyAdds/,
    ],
  ])('refuses %j', (overrides, message) => {
    expect(() => load(...overrides)).toThrow(message);
  });
});
