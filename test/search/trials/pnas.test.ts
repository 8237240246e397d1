import { describe, expect, it } from 'vitest';
import { SPACES } from '../../support/spaces.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { TrialResult } from '../../../nas/search/strategy.ts';
import type { SequenceRegression } from '../../../nas/search/trials/sequence-regression.ts';

describe('PNAS', () => {
  it('trains no cell twice that only orders its blocks otherwise', () => {
    const space = SPACES.pnas;
    const strategy = STRATEGIES.pnas.bind(space, {});
    const evaluations = 166;
    const options = { initial: 136, beam: 30, ensemble: 1, mlp: { epochs: 5 } };
    let state = strategy.init({ evaluations, options }, 3);
    const hashes: string[] = [];
    for (;;) {
      const [next, trials] = strategy.ask(state, evaluations);
      if (trials.length === 0) break;
      hashes.push(...trials.map(({ genotype }) => space.hash(genotype)));
      state = strategy.tell(
        next,
        trials.map((trial) => ({
          trial,
          outcome: { kind: 'score', value: JSON.stringify(trial.genotype).split('sep').length },
        })),
      );
    }
    expect(hashes).toHaveLength(evaluations);
    expect(new Set(hashes).size).toBe(evaluations);
  });

  it('learns from the newest 1,160 results once cells have their full size, however many there are', () => {
    const learnt: number[] = [];
    const regression: SequenceRegression = {
      fit: (_shape, parameters, sequences) => {
        learnt.push(sequences.length);
        return parameters;
      },
      predict: (_shape, _parameters, sequences) => sequences.map((_, i) => i / sequences.length),
    };
    const space = SPACES.pnas;
    const strategy = STRATEGIES.pnas.bind(space, { sequences: regression });
    const options = { initial: 1, beam: 2, ensemble: 1, predictor: 'lstm' };
    const random = randomFromSeed(0);
    const items = Array.from({ length: 2000 }, () => space.sample(random));
    const results = items.map((genotype, index): TrialResult => {
      const note = { blocks: 5, index, ...(index === 0 && { items }) };
      const trial = {
        id: `t-${String(index).padStart(6, '0')}`,
        ordinal: index,
        genotype,
        fidelity: 1,
        note,
      };
      return { trial, outcome: { kind: 'score', value: random.uniform() } };
    });
    const told = strategy.tell(strategy.init({ evaluations: 3000, options }, 0), results);
    const [, trials] = strategy.ask(told, 2);
    expect(trials).toHaveLength(2);
    expect(learnt).toEqual([1160]);
  });
});
