import { describe, expect, it } from 'vitest';
import type { Json } from '../../../nas/core/json.ts';
import { SPACES } from '../../support/spaces.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyState, Trial } from '../../../nas/search/strategy.ts';

const ZEROS = '0-00|0-00-000|0-00-000-0000';
const ONES = ZEROS.replaceAll('0', '1');

/** The state after a first generation of these individuals, and what is asked for of the second. */
const bred = (
  space: 'genetic-cnn' | 'nas-bench-201',
  first: readonly { readonly genotype: Json; readonly score: number }[],
  options: Readonly<Record<string, Json>>,
) => {
  const strategy = STRATEGIES.genetic.bind(SPACES[space]);
  const init = strategy.init(
    { evaluations: 10_000, options: { populationSize: first.length, ...options } },
    6,
  );
  const [asked, trials] = strategy.ask(init, first.length);
  const told = strategy.tell(
    asked,
    trials.map((trial, i) => ({
      trial: { ...trial, genotype: first[i]?.genotype as Json },
      outcome: { kind: 'score', value: first[i]?.score as number },
    })),
  );
  const [, children] = strategy.ask(told, first.length);
  return { told, children };
};

const slotOf = ({ note }: Trial): number => (note as { slot: number }).slot;
const carried = (state: StrategyState): readonly Json[] =>
  (state.model as { members: readonly { genotype: Json }[] }).members.map(({ genotype }) => genotype);
const onesIn = (genotype: Json): number => (genotype as string).split('1').length - 1;

/** N individuals alike, and a worst one that roulette never draws. */
const crowd = (size: number, genotypes: readonly string[], worst = ONES) =>
  Array.from({ length: size }, (_, i) =>
    i === 0
      ? { genotype: worst, score: 0 }
      : { genotype: genotypes[i % genotypes.length] as string, score: 1 },
  );

describe('genetic', () => {
  const N = 600;

  it('flips each bit of a mutated individual with q_M, so that some stay as they are', () => {
    const { told, children } = bred('genetic-cnn', crowd(N, [ZEROS]), {
      crossoverProbability: 0,
      mutationProbability: 1,
      bitFlip: 0.05,
    });
    const flips = children.map(({ genotype }) => onesIn(genotype));
    expect(children.length + carried(told).length).toBe(N);
    // 19 bits: 1 − 0.95^19 = 0.623 of the individuals change; 0.95 bits are expected to flip, two or more of
    // them in 0.245.
    expect(Math.abs(children.length / N - 0.623)).toBeLessThan(0.05);
    expect(Math.abs(flips.reduce((a, b) => a + b, 0) / N - 0.95)).toBeLessThan(0.1);
    expect(Math.abs(flips.filter((count) => count > 1).length / N - 0.245)).toBeLessThan(0.05);
  });

  it('exchanges whole stages of a crossed pair with q_C: what one gets the other gives', () => {
    const { children } = bred('genetic-cnn', crowd(N, [ZEROS, ONES], ZEROS), { crossoverProbability: 1 });
    const bySlot = new Map(children.map((trial) => [slotOf(trial), trial.genotype as string]));
    expect(bySlot.size).toBe(children.length);
    for (const [slot, genotype] of bySlot) {
      expect(genotype.split('|').every((stage) => /^[0-]+$/.test(stage) || /^[1-]+$/.test(stage))).toBe(true);
      const complement = genotype.replace(/[01]/g, (bit) => (bit === '0' ? '1' : '0'));
      expect(bySlot.get(slot % 2 === 0 ? slot + 1 : slot - 1)).toBe(complement);
    }
    // Half of the pairs are of unlike parents; 1 − 0.8^3 − 0.2^3 = 0.48 of these become new individuals.
    expect(Math.abs(children.length / N - 0.24)).toBeLessThan(0.05);
    // One stage of three is exchanged in 3·0.2·0.8² = 0.384 and two in 0.096.
    const minority = children.filter(({ genotype }) => {
      const full = (genotype as string).split('|').filter((stage) => stage.includes('1')).length;
      return full === 1;
    });
    expect(minority.length).toBe(children.length / 2);
  });

  it('mutates nobody that was crossed, and everybody else with p_M', () => {
    const none = bred('genetic-cnn', crowd(N, [ZEROS]), { crossoverProbability: 1, bitFlip: 1 });
    // Equal parents have equal children; the one mutant keeps the search going.
    expect(none.children).toHaveLength(1);
    const worst = ZEROS.replace('0', '1');
    const { children } = bred('genetic-cnn', crowd(N, [ZEROS], worst), {
      crossoverProbability: 0.2,
      bitFlip: 1,
    });
    expect(Math.abs(children.length / N - 0.8 * 0.8)).toBeLessThan(0.06);
  });

  it('draws parents in proportion to their score above the worst, which leaves no copy', () => {
    const first = Array.from({ length: 999 }, (_, i) => ({
      genotype: i % 3 === 0 ? ZEROS : i % 3 === 1 ? ONES : ZEROS.replace('0', '1'),
      score: [10, 11, 13][i % 3] as number,
    }));
    const { told } = bred('genetic-cnn', first, { crossoverProbability: 0, mutationProbability: 0 });
    const survivors = carried(told);
    expect(survivors).not.toContain(ZEROS);
    expect(Math.abs(survivors.filter((genotype) => genotype === ONES).length / 999 - 0.25)).toBeLessThan(
      0.05,
    );
  });

  it('changes one choice of an individual on average in other spaces', () => {
    const space = SPACES['nas-bench-201'];
    const toChoices = space.decisions?.toChoices as (genotype: Json) => readonly number[];
    const at = (operation: string): Json => new Array<string>(6).fill(operation);
    const first = Array.from({ length: N }, (_, i) => ({
      genotype: at(i === 0 ? 'none' : 'skip_connect'),
      score: Math.min(i, 1),
    }));
    const { children } = bred('nas-bench-201', first, { crossoverProbability: 0, mutationProbability: 1 });
    const changes = children.map(
      ({ genotype }) =>
        toChoices(genotype).filter((choice) => choice !== toChoices(at('skip_connect'))[0]).length,
    );
    expect(Math.abs(changes.reduce((a, b) => a + b, 0) / N - 1)).toBeLessThan(0.1);
    const operations = new Set(children.flatMap(({ genotype }) => toChoices(genotype)));
    expect([...operations].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('has the paper’s probabilities', () => {
    expect(STRATEGIES.genetic.options(1020).parse({})).toEqual({
      populationSize: 20,
      crossoverProbability: 0.2,
      stageExchange: 0.2,
      mutationProbability: 0.8,
      bitFlip: null,
    });
  });
});
