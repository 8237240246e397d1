import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../nas/core/hash.ts';
import type { Json } from '../../../nas/core/json.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { SPACES } from '../../../nas/space/registry.ts';
import type { Space } from '../../../nas/space/space.ts';
import { addToSorted, inSorted } from '../../../nas/search/trials/sorted-list.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyState, Trial } from '../../../nas/search/strategy.ts';

const cells = SPACES['nas-bench-201'];
const codes = SPACES['genetic-cnn'];

/** A rugged score: a random weight for each choice and each pair of choices of neighbouring decisions. */
const ruggedScore = (space: Space): ((genotype: Json) => number) => {
  const weights = new Map<string, number>();
  const random = randomFromSeed(4);
  const weight = (key: string): number => {
    const known = weights.get(key) ?? random.normal();
    weights.set(key, known);
    return known;
  };
  return (genotype) => {
    const choices = space.decisions?.toChoices(genotype) as readonly number[];
    return choices.reduce(
      (sum, choice, i) => sum + weight(`${i}/${choice}`) + weight(`${i}/${choice}/${choices[i + 1]}`),
      0,
    );
  };
};

interface Step {
  readonly trial: Trial;
  readonly score: number;
}

/** `slots` trials at a time, told in an order of their own. */
const search = (space: Space, evaluations: number, slots: number, options: Json = {}) => {
  const strategy = STRATEGIES['local-search'].bind(space);
  const scoreOf = ruggedScore(space);
  const order = randomFromSeed(8);
  let state: StrategyState = strategy.init({ evaluations, options }, 5);
  let running: readonly Trial[] = [];
  const steps: Step[] = [];
  for (;;) {
    const [asked, trials] = strategy.ask(state, slots - running.length);
    running = [...running, ...trials];
    if (running.length === 0) return { steps, state };
    const trial = order.pick(running);
    running = running.filter((other) => other !== trial);
    const score = scoreOf(trial.genotype);
    steps.push({ trial, score });
    state = strategy.tell(asked, [{ trial, outcome: { kind: 'score', value: score } }]);
  }
};

const kindOf = ({ trial }: Step): string => (trial.note as { kind: string }).kind;

describe('local search, one trial at a time', () => {
  const initial = 4;
  const { steps } = search(cells, 400, 1, { initial });
  const isNeighbour = (of: Json, genotype: Json): boolean =>
    cells.neighbours(of).some((neighbour) => JSON.stringify(neighbour) === JSON.stringify(genotype));

  it('climbs from the best of its starts, moves at the first improvement, and starts anew from where none improves', () => {
    let at: Step | undefined;
    let starts: Step[] = [];
    const tried = new Set<string>();
    let [moves, restarts] = [0, 0];
    for (const step of steps) {
      if (kindOf(step) === 'start') {
        if (at !== undefined && starts.length === 0)
          for (const neighbour of cells.neighbours(at.trial.genotype))
            expect(tried).toContain(cells.hash(neighbour));
        starts.push(step);
        expect(starts.length).toBeLessThanOrEqual(initial);
      } else {
        if (starts.length > 0) {
          expect(starts).toHaveLength(initial);
          restarts += at === undefined ? 0 : 1;
          at = starts.reduce((best, start) => (start.score > best.score ? start : best));
          starts = [];
        }
        expect(isNeighbour((at as Step).trial.genotype, step.trial.genotype)).toBe(true);
        if (step.score > (at as Step).score) {
          at = step;
          moves++;
        }
      }
      tried.add(cells.hash(step.trial.genotype));
    }
    expect(moves).toBeGreaterThan(10);
    expect(restarts).toBeGreaterThan(3);
  });

  it('starts once where it is told to, and with ten as the authors where the budget is theirs', () => {
    const { steps } = search(cells, 30, 1, { initial: 1 });
    expect(steps.slice(0, 2).map(kindOf)).toEqual(['start', 'neighbour']);
    expect(STRATEGIES['local-search'].options(300).parse({})).toEqual({ initial: 10 });
    expect(STRATEGIES['local-search'].options(12).parse({})).toEqual({ initial: 2 });
  });
});

it.each([1, 7, 60])('never proposes a network twice with %i trials at a time', (slots) => {
  const { steps } = search(cells, 600, slots);
  const hashes = steps.map(({ trial }) => cells.hash(trial.genotype));
  expect(new Set(hashes).size).toBe(600);
});

it('goes on where it has proposed the whole space', () => {
  const all = cells.neighbours(cells.sample(randomFromSeed(3))).slice(0, 6);
  const tiny: Space = { ...cells, sample: (random) => random.pick(all), neighbours: () => all };
  const { steps } = search(tiny, 30, 4, { initial: 2 });
  expect(steps).toHaveLength(30);
  const first = steps.slice(0, 12).map(({ trial }) => cells.hash(trial.genotype));
  expect(new Set(first)).toEqual(new Set(all.map((genotype) => cells.hash(genotype))));
});

it('has a state of a few bytes a trial and hashes a few networks for each, up to ten thousand', () => {
  let hashed = 0;
  const counted: Space = {
    ...codes,
    hash: (genotype) => {
      hashed++;
      return sha256(genotype as string);
    },
  };
  for (const evaluations of [2_500, 10_000]) {
    hashed = 0;
    const { state } = search(counted, evaluations, 1);
    expect(JSON.stringify(state).length / evaluations).toBeLessThan(25);
    expect(hashed / evaluations).toBeLessThan(6);
  }
});

it('keeps sorted lists without duplicates, equal for any order of additions', () => {
  const random = randomFromSeed(2);
  const words = Array.from({ length: 50 }, () => String(random.int(40)));
  const list = words.reduce<readonly string[]>(addToSorted, []);
  expect(list).toEqual([...new Set(words)].sort());
  expect(random.shuffle(words).reduce<readonly string[]>(addToSorted, [])).toEqual(list);
  for (let i = 0; i < 60; i++) expect(inSorted(list, String(i))).toBe(words.includes(String(i)));
});
