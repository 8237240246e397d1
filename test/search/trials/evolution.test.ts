import { describe, expect, it } from 'vitest';
import type { Json } from '../../../nas/core/json.ts';
import { nasBench201 } from '../../../nas/space/nas-bench-201.ts';
import { SPACES } from '../../support/spaces.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyState, Trial } from '../../../nas/search/strategy.ts';

const space = SPACES['nas-bench-201'];
const { toChoices } = nasBench201.decisions as { toChoices: (genotype: Json) => readonly number[] };

type Individual = { readonly genotype: Json; readonly score: number; readonly ordinal: number };
const populationOf = (state: StrategyState): readonly Individual[] =>
  (state.model as { population: readonly Individual[] }).population;
const ordinalsOf = (state: StrategyState): readonly number[] =>
  populationOf(state).map(({ ordinal }) => ordinal);

const score = (trial: Trial, value: number) => ({ trial, outcome: { kind: 'score', value } as const });

const distance = (a: Json, b: Json): number => {
  const other = toChoices(b);
  return toChoices(a).filter((choice, i) => choice !== other[i]).length;
};

/** A search whose first population has the given scores. */
const grown = (
  name: 'regularized-evolution' | 'non-aging-evolution',
  scores: readonly number[],
  options = {},
) => {
  const strategy = STRATEGIES[name].bind(space);
  const init = strategy.init(
    {
      evaluations: 1000,
      options: { populationSize: scores.length, tournamentSize: 2, identity: 0, ...options },
    },
    3,
  );
  const [asked, trials] = strategy.ask(init, scores.length);
  return {
    strategy,
    state: strategy.tell(
      asked,
      trials.map((trial, i) => score(trial, scores[i] as number)),
    ),
  };
};

describe('aging evolution', () => {
  it('lets the oldest die, though it is the best', () => {
    const { strategy, state } = grown('regularized-evolution', [9, 1, 5]);
    const [asked, [child]] = strategy.ask(state, 1);
    const next = strategy.tell(asked, [score(child as Trial, 0)]);
    expect(ordinalsOf(next)).toEqual([1, 2, 3]);
  });

  it('counts age from the result, not from the proposal', () => {
    const { strategy, state } = grown('regularized-evolution', [9, 1, 5]);
    const [asked, [third, fourth]] = strategy.ask(state, 2);
    const late = strategy.tell(strategy.tell(asked, [score(fourth as Trial, 0)]), [score(third as Trial, 0)]);
    expect(ordinalsOf(late)).toEqual([2, 4, 3]);
  });

  it('mutates the best of a tournament in one place', () => {
    const { strategy, state } = grown('regularized-evolution', [1, 9, 5, 2], { tournamentSize: 4 });
    const [, children] = strategy.ask(state, 200);
    const population = populationOf(state);
    const parents = children.map(
      ({ genotype }) => population.find((member) => distance(member.genotype, genotype) === 1)?.ordinal,
    );
    // Four draws of four with replacement miss the best with probability (3/4)^4 = 0.32.
    const best = parents.filter((ordinal) => ordinal === 1).length / parents.length;
    expect(best).toBeGreaterThan(0.58);
    expect(best).toBeLessThan(0.78);
    expect(parents).not.toContain(undefined);
  });

  it('keeps one child in twenty as its parent is', () => {
    const { strategy, state } = grown('regularized-evolution', [1, 9, 5, 2], { identity: undefined });
    const [, children] = strategy.ask(state, 900);
    const same = children.filter(({ genotype }) =>
      populationOf(state).some((member) => distance(member.genotype, genotype) === 0),
    );
    expect(same.length / children.length).toBeGreaterThan(0.03);
    expect(same.length / children.length).toBeLessThan(0.07);
  });

  it('has the paper’s sizes at the paper’s budget', () => {
    const { options } = STRATEGIES['regularized-evolution'];
    expect(options(20_000).parse({})).toEqual({ populationSize: 100, tournamentSize: 25, identity: 0.05 });
    expect(options(300).parse({})).toMatchObject({ populationSize: 50, tournamentSize: 13 });
    expect(options(2).parse({})).toMatchObject({ populationSize: 2, tournamentSize: 2 });
    expect(options(1).parse({})).toMatchObject({ populationSize: 1, tournamentSize: 1 });
  });
});

describe('non-aging evolution', () => {
  const scores = [9, 1, 5, 7];
  const { strategy, state } = grown('non-aging-evolution', scores);
  const childOf = (tournament: readonly number[], from = state): readonly [StrategyState, Trial] => {
    const [asked, [trial]] = strategy.ask(from, 1);
    return [asked, { ...(trial as Trial), note: { tournament: [...tournament] } }];
  };

  it('lets the worst of the child’s tournament die, not the worst of all', () => {
    const [asked, child] = childOf([0, 2, 3]);
    expect(ordinalsOf(strategy.tell(asked, [score(child, 0)]))).toEqual([0, 1, 3, 4]);
  });

  it('notes the tournament that the parent won', () => {
    const [, children] = strategy.ask(state, 60);
    for (const { genotype, note } of children) {
      const { tournament } = note as { tournament: readonly number[] };
      const winner = tournament.reduce((a, b) => ((scores[a] as number) > (scores[b] as number) ? a : b));
      expect(distance((populationOf(state)[winner] as Individual).genotype, genotype)).toBe(1);
    }
    const sizes = new Set(
      children.map(({ note }) => (note as { tournament: readonly number[] }).tournament.length),
    );
    expect([...sizes].sort()).toEqual([1, 2]);
  });

  it('lets somebody die where all of the tournament are dead, the same in every process', () => {
    const [asked, first] = childOf([1]);
    const later = strategy.tell(asked, [score(first, 6)]);
    expect(ordinalsOf(later)).toEqual([0, 2, 3, 4]);
    const [again, second] = childOf([1], later);
    const told = strategy.tell(again, [score(second, 8)]);
    expect(populationOf(told)).toHaveLength(4);
    expect(ordinalsOf(told)).toContain(5);
    expect(strategy.tell(JSON.parse(JSON.stringify(again)) as StrategyState, [score(second, 8)])).toEqual(
      told,
    );
  });

  it('lets nobody die for an infeasible child', () => {
    const [asked, child] = childOf([1, 2]);
    const told = strategy.tell(asked, [{ trial: child, outcome: { kind: 'infeasible' } }]);
    expect(ordinalsOf(told)).toEqual([0, 1, 2, 3]);
  });
});

describe('hierarchical evolution', () => {
  const { bind } = STRATEGIES['hierarchical-evolution'];
  const strategy = bind(space);
  const search = (population: number) => {
    const init = strategy.init({ evaluations: 5000, options: { initial: population } }, 1);
    const [asked, trials] = strategy.ask(init, population);
    // The last is the best.
    const told = strategy.tell(
      asked,
      trials.map((trial, i) => score(trial, i)),
    );
    return { told, best: trials.at(-1) as Trial };
  };
  /** Share of 1,000 children that are one mutation from the best. */
  const shareOfBest = (population: number): number => {
    const { told, best } = search(population);
    const [, children] = strategy.ask(told, 1000);
    return children.filter(({ genotype }) => distance(genotype, best.genotype) === 1).length / 1000;
  };

  it('draws tournaments of five in a hundred', () => {
    // 5 of 100 have the best among them with probability 0.05, one with 0.01. Children of others are seldom
    // neighbours of the best.
    expect(shareOfBest(100)).toBeGreaterThan(0.03);
    expect(shareOfBest(100)).toBeLessThan(0.09);
  });

  it('selects in populations of which five in a hundred are one or none', () => {
    // The best of two distinct rivals is the best of ten with probability 2/10, of two always.
    expect(shareOfBest(10)).toBeGreaterThan(0.16);
    expect(shareOfBest(10)).toBeLessThan(0.26);
    expect(shareOfBest(2)).toBe(1);
  });

  it('favours the better ones as much as the best of five does', () => {
    const { told } = search(100);
    const [, children] = strategy.ask(told, 1000);
    const population = populationOf(told);
    const ranks = children.flatMap(({ genotype }) => {
      const parents = population.flatMap((member, rank) =>
        distance(member.genotype, genotype) === 1 ? [rank] : [],
      );
      return parents.length === 1 ? parents : [];
    });
    // The mean rank of the best of k uniform draws of 100 is about 100·k/(k + 1): 83 for 5, 80 for 4, 91 for
    // 10, 50 for 1.
    const mean = ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
    expect(mean).toBeGreaterThan(81.3);
    expect(mean).toBeLessThan(85);
  });

  it('keeps everybody', () => {
    const { told } = search(30);
    const [asked, children] = strategy.ask(told, 3);
    const next = strategy.tell(
      asked,
      children.map((trial) => score(trial, -1)),
    );
    expect(populationOf(next)).toHaveLength(33);
  });
});
