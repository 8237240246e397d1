import { z } from 'zod';
import type { Json } from '../core/json.ts';
import { STRATEGIES } from './registry.ts';
import type { StrategyName } from './registry.ts';

/**
 * The same fields, each of which may be left out. A strategy's defaults may depend on the number of
 * evaluations, which is another part of the experiment: `withStrategyDefaults` fills them in.
 */
const withoutDefaults = (schema: z.core.$ZodType): z.core.$ZodType => {
  const bare = stripped(schema);
  // Strategies make their options with zod's own classes, all of which have a description.
  const { description } = schema as z.ZodType;
  return description === undefined ? bare : (bare as z.ZodType).describe(description);
};

const stripped = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return withoutDefaults(schema.unwrap());
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const alternatives = (schema.options as readonly z.ZodObject[]).map((option) =>
      (withoutDefaults(option) as z.ZodObject).extend({
        [discriminator]: option.shape[discriminator] as z.core.$ZodType,
      }),
    );
    return z.discriminatedUnion(
      discriminator,
      alternatives as unknown as readonly [z.ZodObject, ...z.ZodObject[]],
    );
  }
  if (!(schema instanceof z.ZodObject)) return schema;
  const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
  return z.strictObject(
    Object.fromEntries(fields.map(([name, field]) => [name, z.optional(withoutDefaults(field))])),
  );
};

const member = (name: StrategyName): z.ZodObject => {
  // Only defaults depend on the number.
  const options = withoutDefaults(STRATEGIES[name].options(1000));
  if (!(options instanceof z.ZodObject)) throw new TypeError(`the options of ${name} are no object`);
  return options.extend({ name: z.literal(name).describe(STRATEGIES[name].source) });
};

/** A black-box strategy with its options; after `withStrategyDefaults` all of them. */
export type BlackBoxChoice = { name: StrategyName } & Record<string, Json>;

type BlackBoxSchema = z.ZodObject<{ name: z.ZodLiteral<StrategyName> }, z.core.$catchall<z.ZodType<Json>>>;

/** One schema for each black-box strategy, told apart by `name`. */
export const blackBoxSchemas = (Object.keys(STRATEGIES) as StrategyName[]).map(
  member,
) as unknown as readonly [BlackBoxSchema, ...BlackBoxSchema[]];

/** Whether the strategy proposes trials; the others are programs of one job, or no search at all. */
export const isBlackBox = (strategy: { readonly name: string }): strategy is BlackBoxChoice =>
  Object.hasOwn(STRATEGIES, strategy.name);

/** A black-box strategy's options without its name. */
export const optionsOf = ({ name: _, ...options }: BlackBoxChoice): Readonly<Record<string, Json>> => options;
