import { z } from 'zod';
import type { HostTensor } from '../../nas/training/program.ts';

/** What the fixtures of DARTS' search network say of it. */
export const supernetConfigSchema = z.object({
  C: z.number().int(),
  layers: z.number().int(),
  steps: z.literal(4),
  multiplier: z.literal(4),
  stem_multiplier: z.literal(3),
  num_classes: z.number().int(),
  eta: z.number(),
  momentum: z.number(),
  weight_decay: z.number(),
  grad_clip: z.number(),
  fd_radius: z.number(),
  arch_adam: z.object({ lr: z.number(), betas: z.tuple([z.number(), z.number()]), weight_decay: z.number() }),
  param_count: z.number().int(),
  primitives: z.array(z.string()),
});
export type SupernetConfig = z.infer<typeof supernetConfigSchema>;

/** What `forwardBackward` gives for a batch with the graph's present variables. */
export type Differentiate = (split: 'train' | 'valid') => Record<string, HostTensor>;
