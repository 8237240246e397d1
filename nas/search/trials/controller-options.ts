import { z } from 'zod';

/** Options that several searches by policy gradients have in common. */
export const baselineDecay = z
  .number()
  .min(0)
  .lt(1)
  .describe('Share of the old baseline in the moving average of rewards.')
  .default(0.95);

export const staleness = z
  .number()
  .int()
  .min(0)
  .nullable()
  .describe("Updates that a child's controller may be behind; null: one less than `replicas`.")
  .default(null);

/** REINFORCE: one update by each batch of children, unclipped. */
export const reinforced = {
  epochs: z.literal(1).describe('Updates that each batch of children is used for.').default(1),
  clip: z
    .null()
    .describe("Bound of the probabilities' ratio in PPO; null: REINFORCE, without one.")
    .default(null),
};

/** What the options of a search by Zoph & Le 2017 differ in. */
interface ZophLe {
  /** What is proposed, in the plural, and how many of them the paper's run proposed. */
  readonly proposals: string;
  readonly published: number;
  /** The paper's learning rate. */
  readonly learningRate: number;
  /** Each with its default, and what it is in the paper. */
  readonly replicas: readonly [value: number, description: string];
  readonly children: readonly [value: number, description: string];
}

/** Options of the two searches of Zoph & Le 2017, with defaults for a number of evaluations. */
export const zophLeOptions = (
  evaluations: number,
  { proposals, published, learningRate, replicas, children }: ZophLe,
) => ({
  units: z.number().int().min(1).describe("Units of each of the controller's layers.").default(35),
  replicas: z.number().int().min(1).describe(replicas[1]).default(replicas[0]),
  children: z.number().int().min(1).describe(children[1]).default(children[0]),
  shards: z.number().int().min(1).describe('S: how the parameters are laid out.').default(20),
  staleness,
  learningRate: z
    .number()
    .positive()
    .describe(
      `Adam's; ${learningRate.toExponential()} in the paper, more where fewer ${proposals} are to teach as much.`,
    )
    .default(Math.min(0.01, Math.max(learningRate, (learningRate * published) / evaluations))),
  baselineDecay,
  entropyWeight: z
    .number()
    .min(0)
    .describe(
      `None in the paper; with its learning rate raised, the policy of fewer ${proposals} would settle on the first good ones.`,
    )
    .default(evaluations < published ? 0.1 : 0),
  ...reinforced,
});
