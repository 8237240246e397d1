import { z } from 'zod';

/**
 * What operators have asked of a search by trials that is under way; a newer version replaces an older one.
 * Stored at the search's `steering`.
 */
export const steeringSchema = z.strictObject({
  version: z.number().int().min(0),
  /** No further network is proposed; trials in flight go on. */
  held: z.boolean(),
  /** The experiment's where absent. */
  parallelism: z.number().int().min(1).exactOptional(),
  /** Job ids of trials that are to be ended. */
  cancelled: z.array(z.string()).readonly(),
});
export type Steering = z.infer<typeof steeringSchema>;
