import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bindStrategy,
  type StrategyDefinition,
  type Trial,
  type TrialResult,
} from '../../nas/search/strategy.ts';
import { SPACES } from '../support/spaces.ts';

const options = () =>
  z.strictObject({ patience: z.number().int().min(1).describe('Results without a gain.').default(3) });
type Options = z.infer<ReturnType<typeof options>>;
type Model = { readonly best: string | null; readonly score: number; readonly idle: number };

const space = SPACES['nas-bench-201'];

const scored = (trial: Trial, score: number): TrialResult => ({
  trial,
  outcome: { kind: 'score', value: score },
});

/** Mutates the best network; begins anew where `patience` results brought none better. */
const impatient: StrategyDefinition<Options, Model> = {
  name: 'impatient',
  source: 'Nobody (2026), §1',
  repeats: 'a mutation may be drawn twice',
  options,
  init: () => ({ best: null, score: 0, idle: 0 }),
  propose: ({ best, idle }, { random, options: { patience } }) => ({
    genotype:
      best === null || idle >= patience ? space.sample(random) : space.mutate(space.parse(best), random),
  }),
  learn: (model, results) =>
    results.reduce<Model>(
      (known, { trial, score }) =>
        score !== undefined && score > known.score
          ? { best: space.print(trial.genotype), score, idle: 0 }
          : { ...known, idle: known.idle + 1 },
      model,
    ),
};

describe('a strategy by trials that follows docs/extending.md', () => {
  const strategy = bindStrategy(impatient, space);
  const config = { evaluations: 6 };

  it('has its options, and refuses others', () => {
    expect(() => strategy.init({ ...config, options: { patience: 0 } }, 1)).toThrow(/patience/);
    expect(() => strategy.init({ ...config, options: { speed: 1 } }, 1)).toThrow(/speed/);
  });

  it('is asked and told to the end of its budget, the same for every way there', () => {
    const walk = (width: number): readonly string[] => {
      let state = strategy.init(config, 1);
      const proposed: string[] = [];
      for (;;) {
        const [asked, trials] = strategy.ask(state, width);
        if (trials.length === 0) return proposed;
        proposed.push(...trials.map(({ genotype }) => space.print(genotype)));
        state = strategy.tell(
          asked,
          trials.map((trial, i) => scored(trial, 0.5 + i / 10)),
        );
      }
    };
    expect(walk(1)).toHaveLength(6);
    expect(walk(1)).toEqual(walk(1));
    expect(walk(3)).toHaveLength(6);
  });

  it('keeps all that it knows in a state of plain JSON', () => {
    const [asked, trials] = strategy.ask(strategy.init(config, 1), 2);
    const results = trials.map((trial) => scored(trial, 0.7));
    const told = strategy.tell(asked, results);
    const kept = JSON.parse(JSON.stringify(asked)) as typeof asked;
    expect(strategy.tell(kept, results)).toEqual(told);
    expect(strategy.tell(told, results)).toEqual(told);
    expect(told).toMatchObject({ model: { score: 0.7, idle: 1 } });
  });
});
