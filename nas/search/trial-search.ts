import type { Json } from '../core/json.ts';
import type { AskedTrial, ToldTrial, TrialEnd, TrialEvent } from './trial-log.ts';
import type { Space } from '../space/space.ts';
import type { Strategy, Trial, TrialOutcome } from './strategy.ts';

/**
 * The order in which a strategy learns results. `reproducible`: that in which the trials would end if each
 * took time in proportion to what it trains. It depends on nothing outside the search, so that equal searches
 * are equal whatever happens to their jobs; a result that is early waits for the slower ones before it.
 * `completion`: that in which the results arrive.
 */
type TellOrder = 'reproducible' | 'completion';

interface TrialSearchOptions {
  readonly strategy: Strategy;
  readonly space: Space;
  readonly evaluations: number;
  readonly options: Json;
  readonly seed: number;
  readonly order: TellOrder;
  /** A trial's end at once, where trials are look-ups. */
  readonly lookUp?: (genotype: Json, fidelity: number) => TrialEnd;
  /**
   * The end of a trial that needs no training to be known, by its printed genotype: a network beyond the
   * limits.
   */
  readonly refusal?: (genotype: string) => TrialEnd | undefined;
  /** A trial was told, also while a log is replayed. */
  readonly onTold?: (trial: AskedTrial, told: ToldTrial) => void;
}

/** A trial that is to be trained. */
export interface TrialToRun extends AskedTrial {
  /** Fidelities at which the same network was scored before, lower than this trial's, ascending. */
  readonly earlier: readonly number[];
  /** The trial that trained the network to the last of these. */
  readonly continues?: string;
}

/**
 * One search by trials as a state machine without clock or storage: events go to the log before anything
 * follows from them. Equal networks at equal fidelity are trained once.
 */
export interface TrialSearch {
  /** Rebuilds the search from its log; before anything else. */
  replay(events: readonly TrialEvent[]): void;
  /**
   * Asks while fewer than `parallelism` trials are awaited and tells what is due, alternately, until nothing
   * more follows or about `limit` events are there; in the reproducible order nothing at a parallelism of
   * zero. The events must be stored before trials of `take` start.
   */
  advance(parallelism: number, limit: number): readonly TrialEvent[];
  /** Awaited trials that need a job of their own, oldest first; each once. */
  take(): readonly TrialToRun[];
  /** Notes how a trial ended; what follows from it shows in `advance`. */
  settle(id: string, end: TrialEnd): void;
  /** Trials that were asked and not told. */
  readonly awaited: number;
  /** Nothing is awaited, and nothing more was proposed. */
  readonly done: boolean;
  /** How often the proposal of this ordinal was lost. */
  losses(ordinal: number): number;
  /** Counts of the strategy's own; most have none. */
  summary(): Readonly<Record<string, number>>;
}

interface Awaited {
  readonly asked: AskedTrial;
  /** What it does if it is trained, settled when it is asked. */
  readonly run: TrialToRun;
  readonly trial: Trial;
  /** Of network and fidelity; of look-ups their own. */
  readonly key: string;
  /** When it ends on the search's own clock, in full trainings. */
  readonly due: number;
  end?: TrialEnd;
}

interface Known {
  /** Trial that was trained. */
  readonly id: string;
  readonly fidelity: number;
  readonly end: TrialEnd;
}

/** A copy costs nothing. */
const withoutSpending = ({ spent: _, ...end }: TrialEnd): TrialEnd => end as TrialEnd;

const isBefore = (a: Awaited, b: Awaited): boolean =>
  a.due < b.due || (a.due === b.due && a.asked.ordinal < b.asked.ordinal);

const outcomeOf = (end: TrialEnd): TrialOutcome =>
  end.kind === 'score'
    ? { kind: 'score', value: end.value, measures: { ...end.measures } }
    : { kind: end.kind };

export const createTrialSearch = (options: TrialSearchOptions): TrialSearch => {
  const { strategy, space, order, lookUp, refusal, onTold } = options;
  let state = strategy.init({ evaluations: options.evaluations, options: options.options }, options.seed);
  const awaited = new Map<string, Awaited>();
  /**
   * Awaited trials of one network and fidelity, in the order of asking: one is trained, the others share its
   * end.
   */
  const byNetwork = new Map<string, Set<Awaited>>();
  /** Awaited trials that `take` has not returned. */
  const untaken = new Set<Awaited>();
  /** Scores and infeasible networks by hash, ascending in fidelity. */
  const known = new Map<string, Known[]>();
  /** Trial that was trained, by the trials that share its result. */
  const trainers = new Map<string, string>();
  const losses = new Map<number, number>();
  /** When lost proposals were due, by ordinal: they are again, so that a loss changes no order. */
  const lostDue = new Map<number, number>();
  /** Trials that have their end, in the order in which it came. */
  const arrivals = new Set<Awaited>();
  let clock = 0;
  let exhausted = false;

  /**
   * What another trial has found of the same network. A table may know several forms of one network apart.
   */
  const knownAt = (asked: AskedTrial): Known | undefined =>
    lookUp === undefined
      ? known.get(asked.hash)?.find(({ fidelity }) => fidelity === asked.fidelity)
      : undefined;
  const enlist = (asked: AskedTrial, genotype: Json): void => {
    const { id, ordinal, fidelity, note, inherits } = asked;
    const key = lookUp === undefined ? `${asked.hash} ${fidelity}` : id;
    const twins = byNetwork.get(key) ?? new Set<Awaited>();
    // Weights that are inherited take the place of what an earlier training of the network has come to.
    const earlier = (inherits === undefined ? (known.get(asked.hash) ?? []) : []).filter(
      (other) => other.fidelity < fidelity && other.end.kind === 'score',
    );
    const last = earlier.at(-1);
    const end = refusal?.(asked.genotype);
    const due =
      lostDue.get(ordinal) ??
      (knownAt(asked) === undefined && end === undefined
        ? (twins.values().next().value?.due ?? clock + fidelity - (last?.fidelity ?? 0))
        : clock);
    const run: TrialToRun = {
      ...asked,
      earlier: earlier.map((other) => other.fidelity),
      ...(last === undefined ? {} : { continues: last.id }),
      ...(inherits && { inherits: { ...inherits, trial: trainers.get(inherits.trial) ?? inherits.trial } }),
    };
    const trial = { id, ordinal, genotype, fidelity, note, ...(inherits && { inherits }) };
    const entry: Awaited = { asked, run, trial, key, due, ...(end && { end }) };
    awaited.set(id, entry);
    byNetwork.set(key, twins.add(entry));
    untaken.add(entry);
  };

  /** Of the awaited trials of one network, the one that is trained for all: the log alone says which. */
  const trainedOf = ({ key }: Awaited): Awaited | undefined => byNetwork.get(key)?.values().next().value;

  const learn = (entry: Awaited, told: ToldTrial): void => {
    const { asked } = entry;
    awaited.delete(asked.id);
    arrivals.delete(entry);
    untaken.delete(entry);
    const twins = byNetwork.get(entry.key);
    twins?.delete(entry);
    if (twins?.size === 0) byNetwork.delete(entry.key);
    if (told.copyOf !== undefined) trainers.set(asked.id, told.copyOf);
    if (told.end.kind === 'lost') {
      losses.set(asked.ordinal, (losses.get(asked.ordinal) ?? 0) + 1);
      lostDue.set(asked.ordinal, entry.due);
    } else if (lookUp === undefined && told.copyOf === undefined && knownAt(asked) === undefined) {
      const all = [
        ...(known.get(asked.hash) ?? []),
        { id: asked.id, fidelity: asked.fidelity, end: told.end },
      ];
      known.set(
        asked.hash,
        all.sort((a, b) => a.fidelity - b.fidelity),
      );
    }
    onTold?.(asked, told);
  };

  const tell = (entry: Awaited, told: ToldTrial): void => {
    clock = Math.max(clock, entry.due);
    state = strategy.tell(state, [{ trial: entry.trial, outcome: outcomeOf(told.end) }]);
    // Proposals may follow from any result.
    exhausted = false;
    learn(entry, told);
  };

  const ask = (n: number): TrialEvent | undefined => {
    const [next, trials] = strategy.ask(state, n);
    state = next;
    exhausted = trials.length < n;
    if (trials.length === 0) return undefined;
    const asked = trials.map(({ id, ordinal, genotype, fidelity, note, inherits }): AskedTrial => ({
      id,
      ordinal,
      genotype: space.print(genotype),
      hash: space.hash(genotype),
      fidelity,
      note,
      ...(inherits && { inherits }),
    }));
    asked.forEach((trial, i) => enlist(trial, trials[i]?.genotype as Json));
    return { kind: 'asked', trials: asked };
  };

  const toldOf = (entry: Awaited): ToldTrial | undefined => {
    const { id } = entry.asked;
    const twin = knownAt(entry.asked);
    if (twin !== undefined) return { id, end: withoutSpending(twin.end), copyOf: twin.id };
    const end = entry.end ?? lookUp?.(entry.trial.genotype, entry.trial.fidelity);
    if (end !== undefined) return { id, end };
    const trained = trainedOf(entry);
    if (trained?.end === undefined || trained.end.kind === 'lost') return undefined;
    return { id, end: withoutSpending(trained.end), copyOf: trained.asked.id };
  };

  /**
   * The awaited trial whose turn it is, and the twin for whose end it waits: its loss is told before its
   * turn.
   */
  const inTurn = (): readonly (Awaited | undefined)[] => {
    let first: Awaited | undefined;
    for (const entry of awaited.values()) if (first === undefined || isBefore(entry, first)) first = entry;
    return [first, first && trainedOf(first)];
  };

  /** The result to tell next, if it is there. */
  const nextTold = (): readonly [Awaited, ToldTrial] | undefined => {
    const candidates = order === 'completion' ? [...arrivals, ...awaited.values()] : inTurn();
    for (const entry of candidates) {
      const told = entry && awaited.has(entry.asked.id) ? toldOf(entry) : undefined;
      if (entry !== undefined && told !== undefined) return [entry, told];
    }
    return undefined;
  };

  return {
    replay: (events) => {
      for (const event of events) {
        if (event.kind === 'asked') {
          const genotypes = event.trials.map(({ genotype }) => space.parse(genotype));
          const trials = event.trials.map(({ id, ordinal, fidelity, note, inherits }, i) => ({
            id,
            ordinal,
            genotype: genotypes[i] as Json,
            fidelity,
            note,
            ...(inherits && { inherits }),
          }));
          state = strategy.issue(state, trials);
          event.trials.forEach((asked, i) => enlist(asked, genotypes[i] as Json));
        } else {
          const entry = awaited.get(event.trial.id);
          if (entry === undefined) throw new Error(`trial ${event.trial.id}: told, but not awaited`);
          tell(entry, event.trial);
        }
      }
    },
    advance: (parallelism, limit) => {
      const events: TrialEvent[] = [];
      // A search that may not ask would know more by the time it may.
      if (parallelism === 0 && order === 'reproducible') return events;
      for (;;) {
        const asked = exhausted || awaited.size >= parallelism ? undefined : ask(parallelism - awaited.size);
        if (asked !== undefined) events.push(asked);
        // After the asking, or a lost proposal would be told and its successor come after others.
        if (events.length >= limit) break;
        const next = nextTold();
        if (next !== undefined) {
          tell(...next);
          events.push({ kind: 'told', trial: next[1] });
        } else if (asked === undefined) break;
      }
      return events;
    },
    take: () => {
      const taken: TrialToRun[] = [];
      for (const entry of untaken) {
        const isTwin = trainedOf(entry) !== entry;
        const hasEnd = entry.end !== undefined || knownAt(entry.asked) !== undefined;
        if (lookUp !== undefined || isTwin || hasEnd) continue;
        untaken.delete(entry);
        taken.push(entry.run);
      }
      return taken;
    },
    settle: (id, end) => {
      const entry = awaited.get(id);
      if (entry === undefined || entry.end !== undefined) return;
      entry.end = end;
      arrivals.add(entry);
    },
    get awaited() {
      return awaited.size;
    },
    get done() {
      return awaited.size === 0 && exhausted;
    },
    losses: (ordinal) => losses.get(ordinal) ?? 0,
    summary: () => strategy.summary(state),
  };
};
