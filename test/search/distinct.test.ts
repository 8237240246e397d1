import { describe, expect, it } from 'vitest';
import type { Json } from '../../nas/core/json.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { SPACES } from '../../nas/space/registry.ts';
import type { Space } from '../../nas/space/space.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import type { StrategyEntry } from '../../nas/search/registry.ts';
import type { Trial } from '../../nas/search/strategy.ts';

const EVALUATIONS = 100;
/** Distances between graphs take long. */
const FEW = { candidates: 20, batch: 10 };
const OPTIONS: Readonly<Record<string, Json>> = { nasbot: FEW, 'auto-keras': FEW };

/** What is proposed where `parallelism` trials are under way and the oldest returns first. */
const proposals = (entry: StrategyEntry, space: Space, parallelism: number): readonly Trial[] => {
  const strategy = entry.bind(space);
  const random = randomFromSeed(5);
  const weights = Array.from({ length: 2000 }, () => random.normal());
  const scoreOf = (genotype: Json): number =>
    space.encode(genotype).reduce((sum, feature, i) => sum + feature * (weights[i] as number), 0);
  let state = strategy.init({ evaluations: EVALUATIONS, options: OPTIONS[entry.name] ?? {} }, 1);
  const trials: Trial[] = [];
  const underWay: Trial[] = [];
  for (;;) {
    const [asked, issued] = strategy.ask(state, parallelism - underWay.length);
    trials.push(...issued);
    underWay.push(...issued);
    const trial = underWay.shift();
    if (trial === undefined) return trials;
    const measures = { multiplyAdds: trials.length % 11 };
    state = strategy.tell(asked, [
      { trial, outcome: { kind: 'score', value: scoreOf(trial.genotype), measures } },
    ]);
  }
};

const distinct = (trials: readonly Trial[]): number =>
  new Set(trials.map(({ genotype, fidelity }) => JSON.stringify([genotype, fidelity]))).size;

const spacesOf = (entry: StrategyEntry): readonly Space[] =>
  [SPACES['nas-bench-201'], SPACES.pnas, SPACES.nasbot]
    .filter((space) => entry.refuses(space) === undefined)
    .slice(0, 1);

describe.each(Object.values(STRATEGIES).filter(({ repeats }) => repeats === undefined))(
  '$name proposes no network twice',
  (entry) => {
    it.each(
      [1, 8, 32].flatMap((parallelism) =>
        spacesOf(entry).map((space) => [parallelism, space.name, space] as const),
      ),
    )('with %i trials under way on %s', (parallelism, _, space) => {
      const trials = proposals(entry, space, parallelism);
      expect(trials).toHaveLength(EVALUATIONS);
      expect(distinct(trials)).toBe(EVALUATIONS);
    });
  },
);

it('leaves no strategy without a space to show it on, and those that repeat without a source', () => {
  for (const entry of Object.values(STRATEGIES))
    if (entry.repeats === undefined) expect(spacesOf(entry), entry.name).toHaveLength(1);
    else expect(entry.repeats, entry.name).toMatch(/[A-Z]\w+.* \d{4}\b|its sampler/);
});
