import { describe, expect, it } from 'vitest';
import { SPACES } from '../../../nas/space/registry.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';

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
});
