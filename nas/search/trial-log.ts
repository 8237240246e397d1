import { z } from 'zod';
import { jsonSchema } from '../core/json.ts';
import { inheritanceSchema } from './inheritance.ts';

const count = z.number().int().min(0);

/** One network as the strategy proposed it. */
const askedTrialSchema = z.strictObject({
  /** `t-000042`, in the order of proposal. */
  id: z.string(),
  /** Which proposal of the strategy; a trial proposed again after a loss keeps it. */
  ordinal: count,
  /** The printed genotype. */
  genotype: z.string(),
  /** Of the network: equal for genotypes that describe the same one. */
  hash: z.string(),
  /** Share of the full training, in (0, 1]. */
  fidelity: z.number().gt(0).max(1),
  /** The strategy's own. */
  note: jsonSchema,
  /** Absent: it is trained from scratch. */
  inherits: inheritanceSchema.exactOptional(),
});
export type AskedTrial = z.infer<typeof askedTrialSchema>;

/**
 * What is known of a network besides its score, by name. Of a trained one `parameters` (trained weights),
 * `multiplyAdds` (of one image, forward) and, where the search asks, `latencyMilliseconds`; of one that was
 * looked up the columns that the search asks.
 */
const trialMeasuresSchema = z.record(z.string(), z.number()).readonly();
export type TrialMeasures = z.infer<typeof trialMeasuresSchema>;

/** What a trial cost, over all of its launches. */
const trialSpendingSchema = z.strictObject({
  multiplyAdds: z.number(),
  images: z.number(),
  attempts: count,
  reclaims: count,
  /** Machine seconds. */
  seconds: z.number(),
});
export type TrialSpending = z.infer<typeof trialSpendingSchema>;

const spent = trialSpendingSchema.exactOptional();

const trialEndSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('score'),
    /** Higher is better: validation score of the task's metric, or a table's column. */
    value: z.number(),
    measures: trialMeasuresSchema.exactOptional(),
    spent,
  }),
  /** The network itself failed; the strategy learns so. */
  z.strictObject({ kind: z.literal('infeasible'), reason: z.string(), spent }),
  /** The infrastructure failed: it teaches nothing, and the trial is proposed again under another id. */
  z.strictObject({ kind: z.literal('lost'), reason: z.string(), spent }),
]);
export type TrialEnd = z.infer<typeof trialEndSchema>;

/** How a trial ended, as its strategy learnt it. */
const toldTrialSchema = z.strictObject({
  id: z.string(),
  end: trialEndSchema,
  /** The trial whose result this one shares: the same network at the same fidelity is trained once. */
  copyOf: z.string().exactOptional(),
});
export type ToldTrial = z.infer<typeof toldTrialSchema>;

/**
 * The record of one search by trials, and the truth about it: replaying its events in order rebuilds the
 * search, in any process, with identical proposals. It is stored in segments (`store/trial-log.ts`);
 * `trialsOf` lists its trials.
 */
export const trialEventSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('asked'),
    trials: z.array(askedTrialSchema).readonly(),
    /** Whole seconds that the strategy has thought since an event said so last; absent below one. */
    seconds: count.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('told'), trial: toldTrialSchema }),
]);
export type TrialEvent = z.infer<typeof trialEventSchema>;

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
