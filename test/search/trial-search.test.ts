import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashJson } from '../../nas/core/hash.ts';
import type { AskedTrial, TrialEvent } from '../../nas/search/trial-log.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { nasBench201 } from '../../nas/space/nas-bench-201.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { createTrialSearch } from '../../nas/search/trial-search.ts';
import type { TrialToRun } from '../../nas/search/trial-search.ts';

const EVALUATIONS = 24;
const PARALLELISM = 4;

const scoreOf = ({ hash, fidelity }: AskedTrial): number =>
  Number.parseInt(hashJson([hash, fidelity]).slice(0, 8), 16) / 2 ** 32;

interface Fate {
  /** Of the order in which jobs end, and of when the search advances. */
  readonly seed: number;
  /** How often the proposal of an ordinal is lost. */
  readonly losses: ReadonlyMap<number, number>;
}

/** What a search learns, by ordinal and in its order, where its jobs fare like that. */
const searched = (name: keyof typeof STRATEGIES, { seed, losses }: Fate) => {
  const search = createTrialSearch({
    strategy: STRATEGIES[name].bind(nasBench201),
    space: nasBench201,
    ...{ evaluations: EVALUATIONS, options: {}, seed: 3, order: 'reproducible' },
  });
  const random = randomFromSeed(seed);
  const left = new Map(losses);
  const asked = new Map<string, AskedTrial>();
  const trained: string[] = [];
  const learnt: unknown[] = [];
  const log = (events: readonly TrialEvent[]): void => {
    for (const event of events)
      if (event.kind === 'asked') for (const trial of event.trials) asked.set(trial.id, trial);
      else if (event.trial.end.kind !== 'lost') {
        const { ordinal, hash } = asked.get(event.trial.id)!;
        learnt.push({ ordinal, hash, end: event.trial.end });
      }
  };
  const running: TrialToRun[] = [];
  while (!search.done) {
    // Now and then held, as by `nas pause`.
    const events = search.advance(random.uniform() < 0.2 ? 0 : PARALLELISM, 1 + random.int(4));
    log(events);
    running.push(...search.take());
    const [trial] = running.length === 0 ? [] : running.splice(random.int(running.length), 1);
    if (trial === undefined) continue;
    const lost = left.get(trial.ordinal) ?? 0;
    left.set(trial.ordinal, lost - 1);
    if (lost <= 0) trained.push(`${trial.hash} ${trial.fidelity}`);
    search.settle(
      trial.id,
      lost > 0 ? { kind: 'lost', reason: 'the job timed out' } : { kind: 'score', value: scoreOf(trial) },
    );
  }
  return { learnt, trained };
};

const NONE: Fate = { seed: 0, losses: new Map() };

describe('a search in reproducible order', () => {
  it.each(
    Object.values(STRATEGIES)
      .filter((entry) => !entry.needsController && entry.refuses(nasBench201) === undefined)
      .map(({ name }) => name as keyof typeof STRATEGIES),
  )('learns the same, whatever happens to its jobs: %s', (name) => {
    const expected = searched(name, NONE);
    expect(expected.learnt.length).toBeGreaterThan(PARALLELISM);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.uniqueArray(fc.tuple(fc.nat(EVALUATIONS - 1), fc.integer({ min: 1, max: 2 })), {
          ...{ selector: ([ordinal]) => ordinal, maxLength: 6 },
        }),
        (seed, losses) => {
          const { learnt, trained } = searched(name, { seed, losses: new Map(losses) });
          expect(learnt).toEqual(expected.learnt);
          expect(new Set(trained).size).toBe(trained.length);
        },
      ),
      { numRuns: 15, seed: 1 },
    );
  });
});
