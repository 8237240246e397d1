import { z } from 'zod';
import { growthEditSchema } from '../space/growth.ts';

const ratio = z.number().min(0).max(1);

/** How a network grows out of another one that is trained already, whose weights it starts with. */
export const grownSchema = z.strictObject({
  /** The other network, printed. */
  genotype: z.string().min(1),
  /** In the order in which they are made. */
  edits: z.array(growthEditSchema).readonly(),
  /**
   * Standard deviations of the noise on new weights, in those of the weights beside them; 0 keeps the
   * function.
   */
  noise: z.strictObject({ wider: ratio, deeper: ratio }),
});
export type Grown = z.infer<typeof grownSchema>;

/** A trial whose network grew out of that of another trial of its search. */
export const inheritanceSchema = grownSchema.extend({
  /** `t-000042`. */
  trial: z.string().min(1),
});
export type Inheritance = z.infer<typeof inheritanceSchema>;
