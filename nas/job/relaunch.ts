import { CRASHES_AT_ONE_PLACE, OUTCOME_RULES } from './outcome.ts';
import type { Outcome } from './outcome.ts';

/** Seconds before the n-th relaunch after the same outcome (n from 1): doubling, at most five minutes. */
const backoffSeconds = (n: number): number => Math.min(300, 2 ** Math.min(n, 9));

/**
 * What the workflow does after a launch that ended with `outcome`, given how its earlier launches ended. Each
 * outcome has its own budget. `preempted` arrives here only when Batch has used up its attempts: the job is
 * as healthy as before and owns a checkpoint, so it is launched anew within the same budget of its own.
 * `crashes` names the operation of each crash so far, this one's last; a job that crashes again and again at
 * one place is not launched again.
 */
export const relaunchAfter = (
  earlier: readonly Outcome[],
  outcome: Outcome,
  crashes: readonly string[] = [],
): { readonly afterSeconds: number } | undefined => {
  const rule = OUTCOME_RULES[outcome];
  if (rule.retryOwner === 'nobody') return undefined;
  const here = crashes.filter((place) => place === crashes.at(-1)).length;
  if (outcome === 'crashed' && here >= CRASHES_AT_ONE_PLACE) return undefined;
  const same = earlier.filter((o) => o === outcome).length + 1;
  return same > rule.retries ? undefined : { afterSeconds: backoffSeconds(same) };
};
