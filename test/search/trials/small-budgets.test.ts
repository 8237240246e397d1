import { describe, expect, it } from 'vitest';
import type { Json } from '../../../nas/core/json.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { experimentSchema } from '../../../nas/experiment/experiment.ts';
import { SPACES } from '../../support/spaces.ts';
import type { Space } from '../../../nas/space/space.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyName } from '../../../nas/search/registry.ts';
import type { Strategy, StrategyState, Trial } from '../../../nas/search/strategy.ts';

const BUDGETS = [1, 2, 3, 5, 10, 12, 100];
/** Those that learn from accuracies, which experiments on images are scored by. */
const NAMES = (Object.keys(STRATEGIES) as StrategyName[]).filter(
  (name) => STRATEGIES[name].needsLosses === undefined,
);
const SAMPLERS = NAMES.filter((name) => !STRATEGIES[name].multiFidelity && name !== 'eas');

const FIRST_CHOICE = SPACES['nas-bench-201'] as unknown as Space;

/** A space that the strategy can search. */
const spaceFor = (name: StrategyName): Space =>
  [FIRST_CHOICE, ...(Object.values(SPACES) as Space[])].find(
    (space) => STRATEGIES[name].refuses(space) === undefined,
  ) as Space;

interface Case {
  readonly label: string;
  readonly name: StrategyName;
  readonly space: Space;
  readonly options: Readonly<Record<string, Json>>;
}

const CASES: readonly Case[] = [
  ...NAMES.map((name) => ({ label: name, name, space: spaceFor(name), options: {} })),
  ...(['asha', 'successive-halving', 'hyperband'] as const).flatMap((name) =>
    SAMPLERS.map((sampler) => ({
      label: `${name} over ${sampler}`,
      name,
      space: spaceFor(sampler),
      options: { sampler: { name: sampler } },
    })),
  ),
];

/** Two trials under way until nothing more is proposed. */
const run = (strategy: Strategy, start: StrategyState): readonly Trial[] => {
  let state = start;
  const trials: Trial[] = [];
  let running: readonly Trial[] = [];
  for (;;) {
    const [asked, more] = strategy.ask(state, 2 - running.length);
    trials.push(...more);
    const [first, ...others] = [...running, ...more];
    if (first === undefined) return trials;
    const outcome = {
      kind: 'score',
      value: (first.ordinal * 7) % 11,
      measures: { multiplyAdds: 1 },
    } as const;
    state = strategy.tell(asked, [{ trial: first, outcome }]);
    running = others;
  }
};

describe.each(CASES)('$label', ({ name, space, options }) => {
  it.each(BUDGETS)('has defaults that fit %i evaluations', (evaluations) => {
    // As an experiment is loaded, recorded and read again.
    const text = JSON.stringify({
      name: 'toy',
      space: { name: space.name },
      strategy: { name, ...options },
      task: { data: 'toy' },
      stages: { search: { evaluations, recipe: { epochs: 100 } }, retrain: { topK: 1 } },
    });
    const { experiment } = loadExperiment(text, { file: 'toy.yaml' });
    expect(experimentSchema.parse(experiment).strategy).toEqual(experiment.strategy);
  });
});

describe.each(CASES.filter(({ name, label }) => name === label && !STRATEGIES[name].needsController))(
  '$label',
  ({ name, space }) => {
    it.each([1, 2, 12])('spends %i evaluations', (evaluations) => {
      const strategy = STRATEGIES[name].bind(space);
      const trials = run(strategy, strategy.init({ evaluations }, 1));
      expect(trials.map(({ ordinal }) => ordinal)).toEqual(trials.map((_, i) => i));
      expect(trials).toHaveLength(evaluations);
    });
  },
);

describe('what would never learn anything within the budget', () => {
  it.each([
    ['nas-rl', 'children'],
    ['nas-rl-rnn', 'children'],
    ['nasnet-reinforce', 'children'],
    ['nasnet-ppo', 'children'],
    ['ppo', 'minibatch'],
    ['judged-random', 'warmUp'],
    ['judged-evolution', 'warmUp'],
    ['judged-hierarchical-evolution', 'warmUp'],
    ['tpe', 'initial'],
    ['bayesian-optimization', 'initial'],
    ['surrogate', 'initial'],
    ['pnas', 'initial'],
    ['nasbot', 'initial'],
    ['auto-keras', 'initial'],
    ['local-search', 'initial'],
    ['hierarchical-evolution', 'initial'],
    ['regularized-evolution', 'populationSize'],
    ['genetic', 'populationSize'],
    ['nsga-net', 'populationSize'],
  ] as const)('is refused: %s with more %s than evaluations', (name, field) => {
    const init = (value: number): StrategyState =>
      STRATEGIES[name].bind(spaceFor(name)).init({ evaluations: 12, options: { [field]: value } }, 0);
    expect(() => init(12)).not.toThrow();
    expect(() => init(13)).toThrow(
      new RegExp(
        `^strategy\\.${field}: 13 .*at most the 12 evaluations of the search.*lower ${field} or raise evaluations`,
      ),
    );
  });

  it('is refused of a scheduler’s sampler under its own field', () => {
    const init = (sampler: Json): StrategyState =>
      STRATEGIES.asha.bind(FIRST_CHOICE).init({ evaluations: 12, options: { sampler } }, 0);
    expect(() => init({ name: 'nasnet-ppo', children: 13 })).toThrow(/^strategy\.sampler\.children: 13 /);
    expect(() => init({ name: 'judged-random', warmUp: 13 })).toThrow(/^strategy\.sampler\.warmUp: 13 /);
  });
});
