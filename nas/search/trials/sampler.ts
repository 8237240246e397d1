import { z } from 'zod';
import type { Json } from '../../core/json.ts';
import { inputError } from '../../core/input-error.ts';
import { checkPart } from './check-part.ts';
import type { Learned, Proposal, StrategyContext, StrategyDefinition, Trial } from '../strategy.ts';

/** A strategy whose types only it knows. */
export type AnyStrategy = StrategyDefinition<Json, Json>;

export type SchedulerOptions = {
  readonly eta: number;
  readonly minFidelity: number;
  /** Options of the strategy that proposes new networks; with its name where it can be chosen. */
  readonly sampler: Json;
};

/** Where a scheduler's new networks come from. */
export interface SamplerSource {
  readonly options: (evaluations: number) => z.ZodType<Json>;
  /** What these options choose, and the options of its own. */
  readonly of: (options: Json) => { readonly sampler: AnyStrategy; readonly options: Json };
  /** What holds whatever the options choose. */
  readonly fixed: Pick<AnyStrategy, 'refuses' | 'needsController' | 'multiObjective' | 'repeats'>;
  readonly described: string;
  /** Names of the strategies that could sample the space. */
  readonly able: (space: StrategyContext<Json>['space']) => readonly string[];
}

/** One strategy, whose options are the sampler's. */
export const always = <O extends Json, M extends Json>(
  definition: StrategyDefinition<O, M>,
): SamplerSource => {
  const sampler = definition as unknown as AnyStrategy;
  const { refuses, needsController, multiObjective, repeats } = sampler;
  return {
    options: (evaluations) => sampler.options(evaluations).prefault({}),
    of: (options) => ({ sampler, options }),
    fixed: {
      ...(refuses && { refuses }),
      ...(needsController && { needsController }),
      ...(multiObjective && { multiObjective }),
      ...(repeats !== undefined && { repeats }),
    },
    described: sampler.name,
    able: () => [sampler.name],
  };
};

/** Why no scheduler can take its networks from this strategy. */
const reasonAgainst = ({ inheritsWeights }: AnyStrategy): string | undefined =>
  inheritsWeights === true
    ? 'its networks start with the weights of fully trained ones, and a scheduler trains in parts'
    : undefined;

/** The strategy that the option `name` says, the first one where it says none. */
export const oneOf = (samplers: readonly AnyStrategy[]): SamplerSource => {
  const byName = new Map(samplers.map((sampler) => [sampler.name, sampler]));
  const [byDefault] = samplers as readonly [AnyStrategy];
  const member = (sampler: AnyStrategy, evaluations: number) => {
    const options = sampler.options(evaluations);
    if (!(options instanceof z.ZodObject))
      throw new TypeError(`the options of ${sampler.name} are no object`);
    const name = z.literal(sampler.name);
    return options.extend({
      name:
        sampler === byDefault
          ? name.describe('The strategy that proposes the networks.').optional().default(sampler.name)
          : name.describe('The strategy that proposes the networks.'),
    });
  };
  const schema = (evaluations: number): z.ZodType<Json> => {
    const members = samplers.map((sampler) => member(sampler, evaluations));
    return z
      .discriminatedUnion('name', members as unknown as readonly [z.ZodObject, ...z.ZodObject[]])
      .prefault({}) as unknown as z.ZodType<Json>;
  };
  /** A comparison begins hundreds of searches of one length. */
  const schemas = new Map<number, z.ZodType<Json>>();
  return {
    options: (evaluations) => {
      const made = schemas.get(evaluations) ?? schema(evaluations);
      schemas.set(evaluations, made);
      return made;
    },
    of: (given) => {
      const { name, ...options } = given as { readonly name: string } & Readonly<Record<string, Json>>;
      return { sampler: byName.get(name) as AnyStrategy, options };
    },
    fixed: { repeats: 'its sampler may' },
    described: 'any strategy',
    able: (space) =>
      samplers.flatMap((sampler) =>
        (reasonAgainst(sampler) ?? sampler.refuses?.(space)) === undefined ? [sampler.name] : [],
      ),
  };
};

/** Options that every multi-fidelity scheduler shares. */
const schedulerOptions =
  (source: SamplerSource, defaults: Pick<SchedulerOptions, 'eta' | 'minFidelity'>) => (evaluations: number) =>
    z.strictObject({
      eta: z
        .number()
        .int()
        .min(2)
        .describe('η: one of η networks goes on to η times the resource.')
        .default(defaults.eta),
      minFidelity: z
        .number()
        .gt(0)
        .max(1)
        .describe('r / R: the least share of the full resource that is ever given.')
        .default(defaults.minFidelity),
      sampler: source
        .options(evaluations)
        .describe('The strategy that proposes new networks, and its options.'),
    }) as unknown as z.ZodType<SchedulerOptions>;

/** Fidelities from the least to 1, each η times the one before it (the first may be nearer). */
export const rungFidelities = ({ eta, minFidelity }: Pick<SchedulerOptions, 'eta' | 'minFidelity'>) => {
  const fidelities = [1];
  while ((fidelities[0] as number) / eta >= minFidelity - 1e-12)
    fidelities.unshift((fidelities[0] as number) / eta);
  return fidelities as readonly number[];
};

/** The sampler's part of a scheduler's model and of a trial's note. */
export type SamplerModel = { readonly inner: Json; readonly started: number };
export type SamplerNote = { readonly ordinal: number; readonly note: Json };

type Context = StrategyContext<SchedulerOptions>;
type ProposeContext = Parameters<StrategyDefinition<SchedulerOptions, Json>['propose']>[1];
type LearnContext = Parameters<StrategyDefinition<SchedulerOptions, Json>['learn']>[2];

const innerTrial = (trial: Trial, { ordinal, note }: SamplerNote): Trial => ({ ...trial, ordinal, note });

/** The trials of new networks, as the sampler knows them; what is promoted is not its concern. */
const innerPending = (pending: readonly Trial[]): readonly Trial[] =>
  pending.flatMap((trial) => {
    const { rung, sampler } = trial.note as { readonly rung: number; readonly sampler: SamplerNote };
    return rung === 0 ? [innerTrial(trial, sampler)] : [];
  });

/**
 * Runs any strategy as the source of new networks of a scheduler. The sampler's ordinals count new networks
 * only; of each network it learns one result, the first, with all that was measured: a score at the fidelity
 * at which its rung or bracket starts, whatever becomes of the network later. A sampler that tells fidelities
 * apart (`allFidelities`) learns the results of promotions as well. The search's evaluations, which defaults
 * and schedules of a sampler may depend on, count promotions.
 */
export const samplerOf = (source: SamplerSource, defaults: Pick<SchedulerOptions, 'eta' | 'minFidelity'>) => {
  const chosen = <C extends Context>(context: C) => {
    const { sampler, options } = source.of(context.options.sampler);
    return { sampler, context: { ...context, options } };
  };
  const check = (given: Context): void => {
    const { eta, minFidelity } = given.options;
    if (rungFidelities(given.options).length < 2)
      throw inputError(
        'strategy.minFidelity',
        minFidelity,
        `at most 1 / eta = ${Number((1 / eta).toPrecision(4))}, so that there is a rung before the full training`,
        'lower minFidelity or eta',
      );
    const { sampler, context } = chosen(given);
    const { space } = given;
    const reason = reasonAgainst(sampler) ?? sampler.refuses?.(space);
    if (reason !== undefined)
      throw inputError(
        'strategy.sampler.name',
        sampler.name,
        source.able(space).join(', '),
        `${sampler.name} cannot propose networks of ${space.name} here: ${reason}; choose one of the allowed`,
      );
    checkPart('sampler', () => sampler.check?.(context));
  };
  return {
    /** What a scheduler's definition takes from its sampler. */
    definition: {
      ...source.fixed,
      options: schedulerOptions(source, defaults),
      fidelities: (options: SchedulerOptions) => rungFidelities(options),
      thinksLong: ({ sampler: given }: SchedulerOptions): boolean => {
        const { sampler, options } = source.of(given);
        return sampler.thinksLong?.(options) === true;
      },
      summary: ({ sampler: model }: { readonly sampler: SamplerModel }, options: SchedulerOptions) => {
        const of = source.of(options.sampler);
        return of.sampler.summary?.(model.inner, of.options) ?? {};
      },
      check,
    } as const,
    init: (given: Context): SamplerModel => {
      const { sampler, context } = chosen(given);
      return { inner: sampler.init(context), started: 0 };
    },
    propose: (
      { inner, started }: SamplerModel,
      given: ProposeContext,
    ): (Proposal & { readonly sampler: SamplerNote }) | undefined => {
      const { sampler, context } = chosen(given);
      const pending = innerPending(context.pending);
      const proposal = sampler.propose(inner, { ...context, ordinal: started, pending });
      return proposal && { ...proposal, sampler: { ordinal: started, note: proposal.note ?? null } };
    },
    register: (model: SamplerModel, trial: Trial, note: SamplerNote, given: Context): SamplerModel => {
      const { sampler, context } = chosen(given);
      return {
        started: Math.max(model.started, note.ordinal + 1),
        inner: sampler.register?.(model.inner, innerTrial(trial, note), context) ?? model.inner,
      };
    },
    /** `isNew`: the result is a new network's first. */
    learn: (
      model: SamplerModel,
      result: Learned,
      note: SamplerNote,
      isNew: boolean,
      given: LearnContext,
    ): SamplerModel => {
      const { sampler, context } = chosen(given);
      if (!isNew && sampler.allFidelities !== true) return model;
      const learned = { ...result, trial: innerTrial(result.trial, note) };
      return { ...model, inner: sampler.learn(model.inner, [learned], context) };
    },
  };
};
