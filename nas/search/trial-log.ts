import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { inheritanceSchema } from './inheritance.ts';
import type { Inheritance } from './inheritance.ts';

/**
 * The record of one search by trials, and the truth about it: replaying its events in order rebuilds the
 * search, in any process, with identical proposals. It is stored in segments (`store/trial-log.ts`);
 * `trialsOf` lists its trials.
 */
export type TrialEvent =
  | {
      readonly kind: 'asked';
      readonly trials: readonly AskedTrial[];
      /** Whole seconds that the strategy has thought since an event said so last; absent below one. */
      readonly seconds?: number;
    }
  | { readonly kind: 'told'; readonly trial: ToldTrial };

/** One network as the strategy proposed it. */
export interface AskedTrial {
  /** `t-000042`, in the order of proposal. */
  readonly id: string;
  /** Which proposal of the strategy; a trial proposed again after a loss keeps it. */
  readonly ordinal: number;
  /** The printed genotype. */
  readonly genotype: string;
  /** Of the network: equal for genotypes that describe the same one. */
  readonly hash: string;
  /** Share of the full training, in (0, 1]. */
  readonly fidelity: number;
  /** The strategy's own. */
  readonly note: Json;
  /** Absent: it is trained from scratch. */
  readonly inherits?: Inheritance;
}

/** How a trial ended, as its strategy learnt it. */
export interface ToldTrial {
  readonly id: string;
  readonly end: TrialEnd;
  /** The trial whose result this one shares: the same network at the same fidelity is trained once. */
  readonly copyOf?: string;
}

export type TrialEnd =
  | {
      readonly kind: 'score';
      /** Higher is better: validation score of the task's metric, or a table's column. */
      readonly value: number;
      readonly measures?: TrialMeasures;
      readonly spent?: TrialSpending;
    }
  /** The network itself failed; the strategy learns so. */
  | { readonly kind: 'infeasible'; readonly reason: string; readonly spent?: TrialSpending }
  /** The infrastructure failed: it teaches nothing, and the trial is proposed again under another id. */
  | { readonly kind: 'lost'; readonly reason: string; readonly spent?: TrialSpending };

/**
 * What is known of a network besides its score, by name. Of a trained one `parameters` (trained weights),
 * `multiplyAdds` (of one image, forward) and, where the search asks, `latencyMilliseconds`; of one that was
 * looked up the columns that the search asks.
 */
export type TrialMeasures = Readonly<Record<string, number>>;

/** What a trial cost, over all of its launches. */
export interface TrialSpending {
  readonly multiplyAdds: number;
  readonly images: number;
  readonly attempts: number;
  readonly reclaims: number;
  /** Machine seconds. */
  readonly seconds: number;
}

/** A trial with its end, if it has been told. */
export interface LoggedTrial extends AskedTrial {
  readonly end?: TrialEnd;
  readonly copyOf?: string;
  /** Place among the results as the strategy learnt them, from 0. */
  readonly toldAt?: number;
}

/** The trials of a log in the order of proposal. */
export const trialsOf = (events: readonly TrialEvent[]): readonly LoggedTrial[] => {
  const trials = new Map<string, LoggedTrial>();
  let toldAt = 0;
  for (const event of events)
    if (event.kind === 'asked') for (const trial of event.trials) trials.set(trial.id, trial);
    else {
      const { id, ...told } = event.trial;
      const asked = trials.get(id);
      if (asked !== undefined) trials.set(id, { ...asked, ...told, toldAt: toldAt++ });
    }
  return [...trials.values()];
};

const count = z.number().int().min(0);
const spent = z
  .strictObject({
    multiplyAdds: z.number(),
    images: z.number(),
    attempts: count,
    reclaims: count,
    seconds: z.number(),
  })
  .exactOptional();

export const trialEventSchema: z.ZodType<TrialEvent> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('asked'),
    trials: z.array(
      z.strictObject({
        id: z.string(),
        ordinal: count,
        genotype: z.string(),
        hash: z.string(),
        fidelity: z.number().gt(0).max(1),
        note: z.unknown() as z.ZodType<Json>,
        inherits: inheritanceSchema.exactOptional(),
      }),
    ),
    seconds: count.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('told'),
    trial: z.strictObject({
      id: z.string(),
      end: z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('score'),
          value: z.number(),
          measures: z.record(z.string(), z.number()).exactOptional(),
          spent,
        }),
        z.strictObject({ kind: z.literal('infeasible'), reason: z.string(), spent }),
        z.strictObject({ kind: z.literal('lost'), reason: z.string(), spent }),
      ]),
      copyOf: z.string().exactOptional(),
    }),
  }),
]);
