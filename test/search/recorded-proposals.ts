import { createHash } from 'node:crypto';
import type { Json } from '../../nas/core/json.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { StrategyEntry } from '../../nas/search/registry.ts';
import type { Trial } from '../../nas/search/strategy.ts';
import type { Space } from '../../nas/space/space.ts';

const EVALUATIONS = 150;
const SLOTS = 4;
/** Distances between graphs take long, and so do large beams. */
const OPTIONS: Readonly<Record<string, Json>> = {
  nasbot: { candidates: 20, trainingLimit: 30 },
  'auto-keras': { candidates: 20, trainingLimit: 30 },
  pnas: { beam: 20, ensemble: 2 },
};

/**
 * Hash of everything that a search of 150 trials proposes: four trials are under way, the results of which
 * return out of order, every ninth as infeasible and every eleventh lost once.
 */
export const proposalsHash = (entry: StrategyEntry, space: Space): string => {
  const strategy = entry.bind(space);
  const random = randomFromSeed(5);
  const weights = Array.from({ length: 4000 }, () => random.normal());
  const scoreOf = (genotype: Json): number =>
    space.encode(genotype).reduce((sum, feature, i) => sum + feature * (weights[i] as number), 0);
  const order = randomFromSeed(17);
  const hash = createHash('sha256');
  let state = strategy.init({ evaluations: EVALUATIONS, options: OPTIONS[entry.name] ?? {} }, 3);
  let running: readonly Trial[] = [];
  for (let told = 0; ; told++) {
    const [asked, trials] = strategy.ask(state, SLOTS - running.length);
    for (const { id, genotype, fidelity } of trials) hash.update(JSON.stringify([id, genotype, fidelity]));
    running = [...running, ...trials];
    if (running.length === 0) return hash.digest('hex').slice(0, 16);
    const trial = order.pick(running);
    running = running.filter((other) => other !== trial);
    const outcome =
      told % 11 === 4
        ? ({ kind: 'lost' } as const)
        : trial.ordinal % 9 === 4
          ? ({ kind: 'infeasible' } as const)
          : ({
              kind: 'score',
              value: scoreOf(trial.genotype),
              measures: { multiplyAdds: told % 11 },
            } as const);
    state = strategy.tell(asked, [{ trial, outcome }]);
  }
};
