import type { Random } from '../../nas/core/random.ts';
import type { Json } from '../../nas/core/json.ts';
import type { StrategyEntry } from '../../nas/search/registry.ts';
import type { StrategyPorts, Trial, TrialResult } from '../../nas/search/strategy.ts';
import { chosenSpace, SPACE_NAMES, spaceSchema } from '../../nas/space/registry.ts';
import type { Space } from '../../nas/space/space.ts';

/**
 * A search by these to 10,000 trials takes hours; their models need results alone, which here are of uniform
 * samples.
 */
const TOLD: readonly string[] = ['bayesian-optimization', 'surrogate', 'nasbot', 'auto-keras'];

/** Large enough that 10,000 trials use none up. */
const PREFERRED = ['darts-cnn', 'pnas', 'block-qnn', 'nasbot', 'eas'];

const spaceOf = (entry: StrategyEntry): Space => {
  const names = [
    ...new Set([...PREFERRED.filter((name) => SPACE_NAMES.includes(name as never)), ...SPACE_NAMES]),
  ];
  for (const name of names) {
    const space = chosenSpace(spaceSchema.parse({ name }));
    if (entry.refuses(space) === undefined) return space;
  }
  throw new Error(`${entry.name}: no space that it can search`);
};

export interface AskTellOptions {
  readonly trials: readonly number[];
  readonly measured: number;
  readonly ports: StrategyPorts;
  readonly random: Random;
}

export interface AskTellRow {
  readonly name: string;
  readonly space: string;
  /**
   * Mean milliseconds of CPU of one ask and one tell, collection of garbage included, for each of `trials`.
   */
  readonly times: readonly number[];
}

/**
 * Searches one trial at a time, with random scores, and takes the time of `measured` trials behind each
 * number of `trials`.
 */
export const measureAskTell = (
  entry: StrategyEntry,
  { trials, measured, ports, random }: AskTellOptions,
): AskTellRow => {
  const space = spaceOf(entry);
  const strategy = entry.bind(space, ports);
  const evaluations = Math.max(...trials) + measured;
  let state = strategy.init({ evaluations }, 1);
  let done = 0;
  const resultOf = (trial: Trial): TrialResult => ({
    trial,
    outcome: { kind: 'score', value: random.uniform(), measures: { multiplyAdds: 1 + random.int(1000) } },
  });
  const searchOne = (): void => {
    const [asked, [trial]] = strategy.ask(state, 1);
    if (trial === undefined) throw new Error(`${entry.name}: nothing proposed after ${done} trials`);
    state = strategy.tell(asked, [resultOf(trial)]);
    done++;
  };
  const toldOne = (): void => {
    const genotype: Json = space.sample(random);
    const id = `t-${String(done).padStart(6, '0')}`;
    state = strategy.tell(state, [resultOf({ id, ordinal: done, genotype, fidelity: 1, note: null })]);
    done++;
  };
  const times = trials.map((n) => {
    while (done < n)
      if (TOLD.includes(entry.name)) toldOne();
      else searchOne();
    const began = process.cpuUsage();
    for (let i = 0; i < measured; i++) searchOne();
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000 / measured;
  });
  return { name: entry.name, space: space.name, times };
};
