import { z } from 'zod';

const NAME = 'given';

/** No search: the experiment's `genotype` is what stage 1 would have found. */
export const given = z.strictObject({
  name: z.literal(NAME).describe("No search: the experiment's `genotype` is what stage 1 would have found."),
});
export type Given = z.infer<typeof given>;

/** Whether there is nothing to search for. */
export const isGiven = (strategy: { readonly name: string }): strategy is Given => strategy.name === NAME;
