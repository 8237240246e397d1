import { describe, expect, it } from 'vitest';
import type { Json } from '../../../nas/core/json.ts';
import { SPACES } from '../../../nas/space/registry.ts';
import type { Space } from '../../../nas/space/space.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { StrategyName } from '../../../nas/search/registry.ts';

const spaceFor = (name: StrategyName): Space =>
  (Object.values(SPACES) as Space[]).find((space) => STRATEGIES[name].refuses(space) === undefined) as Space;
const init =
  (name: StrategyName, options: Readonly<Record<string, Json>>, evaluations = 300) =>
  () =>
    STRATEGIES[name].bind(spaceFor(name)).init({ evaluations, options }, 0);

describe('options that would make another strategy of this one', () => {
  it.each([
    ['auto-keras', { finalTemperature: 1 }, /^strategy\.finalTemperature: 1 .*below the temperature 1 /],
    ['auto-keras', { temperature: 2, finalTemperature: 3 }, /below the temperature 2 /],
    ['nasbot', { rounds: 101 }, /^strategy\.rounds: 101 .*at most candidates = 100/],
    ['genetic', { populationSize: 1 }, /^strategy\.populationSize: 1 .*at least 2/],
    ['pnas', { initial: 137 }, /^strategy\.initial: .*136/],
    ['tpe', { randomShare: 1 }, /^strategy\.randomShare: .*<1/],
    ...(['asha', 'asha-evolution', 'successive-halving', 'hyperband', 'bohb'] as const).flatMap(
      (name) =>
        [
          [name, { eta: 4, minFidelity: 0.3 }, /^strategy\.minFidelity: 0\.3 .*at most 1 \/ eta = 0\.25/],
          [
            name,
            { eta: 3, minFidelity: 1 },
            /^strategy\.minFidelity: 1 .*1 \/ eta = 0\.3333.*minFidelity or eta/,
          ],
        ] as const,
    ),
  ] as const)('are refused: %s with %j', (name, options, message) => {
    expect(init(name, options)).toThrow(message);
  });

  it.each([
    ['auto-keras', { finalTemperature: 0.99 }],
    ['nasbot', { rounds: 100 }],
    ['genetic', { populationSize: 2 }],
    ['pnas', { initial: 136 }],
    ['tpe', { randomShare: 0.99 }],
    ['asha', { eta: 4, minFidelity: 0.25 }],
    ['hyperband', { eta: 3, minFidelity: 1 / 3 }],
  ] as const)('are those alone: %s takes %j', (name, options) => {
    expect(init(name, options)).not.toThrow();
  });

  it('have a single individual where there is a single evaluation', () => {
    expect(init('genetic', {}, 1)).not.toThrow();
  });
});
