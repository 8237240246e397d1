import { packFloats, unpackFloats } from './packed-floats.ts';
import type { PackedFloats } from './packed-floats.ts';

/** A slice of the shared parameters with its Adam moments and the number of updates it took. */
type Shard = {
  readonly updates: number;
  readonly values: PackedFloats;
  readonly mean: PackedFloats;
  readonly variance: PackedFloats;
};
/** The values of all slices at an earlier version. */
type Past = { readonly version: number; readonly values: readonly PackedFloats[] };

/**
 * The parameters that a controller's replicas share, in S shards (Zoph & Le 2017, §3.2, "parameter-server
 * scheme"): a replica draws from the parameters of the version it pulled, and its gradient, taken at those,
 * is applied to the present ones. Plain data: the compare-and-swap of two writers is that of the search's log
 * in the store. Deviation: a gradient reaches all shards as one update, and Adam treats every parameter by
 * itself, so that S is the layout of the parameters and changes no number.
 */
export type ParameterServer = {
  readonly version: number;
  readonly shards: readonly Shard[];
  /** Earlier versions that are kept, newest first. */
  readonly past: readonly Past[];
};

/** Adam's decay rates and ε (Kingma & Ba 2015, Algorithm 1). */
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** `shards` slices of nearly equal length. */
const slices = (length: number, shards: number): readonly (readonly [from: number, to: number])[] =>
  Array.from({ length: shards }, (_, s) => [
    Math.floor((s * length) / shards),
    Math.floor(((s + 1) * length) / shards),
  ]);

export const createServer = (parameters: Float32Array, shards: number): ParameterServer => {
  const parts = slices(parameters.length, shards);
  return {
    version: 0,
    shards: parts.map(([from, to]) => {
      const zeros = packFloats(new Float32Array(to - from));
      return {
        updates: 0,
        values: packFloats(parameters.subarray(from, to)),
        mean: zeros,
        variance: zeros,
      };
    }),
    past: [],
  };
};

/** Unpacked slices while steps are made. */
interface Working {
  readonly from: number;
  readonly values: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  updates: number;
}

const ascend = (shard: Working, gradient: Float32Array, learningRate: number): void => {
  const { from, values, mean, variance } = shard;
  shard.updates += 1;
  const rate = (learningRate * Math.sqrt(1 - BETA2 ** shard.updates)) / (1 - BETA1 ** shard.updates);
  for (let i = 0; i < values.length; i++) {
    const slope = gradient[from + i] as number;
    mean[i] = BETA1 * (mean[i] as number) + (1 - BETA1) * slope;
    variance[i] = BETA2 * (variance[i] as number) + (1 - BETA2) * slope * slope;
    values[i] =
      (values[i] as number) + (rate * (mean[i] as number)) / (Math.sqrt(variance[i] as number) + EPSILON);
  }
};

const joined = (parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

interface PushOptions {
  readonly learningRate: number;
  readonly epochs: number;
  /** Versions that are still read, however old: those of the rounds known to be under way. */
  readonly held: readonly number[];
  /** Latest versions before the new one that are kept whether or not they are held. */
  readonly staleness: number;
}

/**
 * A new version by `epochs` ascent steps of Adam on every shard, along the gradients at the present
 * parameters or wherever `gradientAt` takes them.
 */
export const push = (
  server: ParameterServer,
  gradientAt: (present: Float32Array) => Float32Array,
  { learningRate, epochs, held, staleness }: PushOptions,
): ParameterServer => {
  let from = 0;
  const working = server.shards.map((shard): Working => {
    const values = unpackFloats(shard.values);
    const at = from;
    from += values.length;
    return {
      from: at,
      values,
      mean: unpackFloats(shard.mean),
      variance: unpackFloats(shard.variance),
      updates: shard.updates,
    };
  });
  for (let epoch = 0; epoch < epochs; epoch++) {
    const gradient = gradientAt(joined(working.map(({ values }) => values)));
    for (const shard of working) ascend(shard, gradient, learningRate);
  }
  const version = server.version + 1;
  const present: Past = { version: server.version, values: server.shards.map(({ values }) => values) };
  return {
    version,
    shards: working.map(({ updates, values, mean, variance }) => ({
      updates,
      values: packFloats(values),
      mean: packFloats(mean),
      variance: packFloats(variance),
    })),
    past: [present, ...server.past].filter(
      (kept) => held.includes(kept.version) || version - kept.version <= staleness,
    ),
  };
};

/** Unpacking again for every proposal would cost more than drawing it. */
const presentOf = new WeakMap<ParameterServer, Float32Array>();

/**
 * The parameters of a version. Those of a round under way are held from its first proposal on, so that none
 * is missing where proposals and results come in their order, as in a search's log. From results alone a
 * round is not known until its first one: if more versions than `staleness` were made meanwhile, its own may
 * be gone, and is read as the oldest later one that is kept. A state that was rebuilt so goes on validly, but
 * not as the search did. The caller leaves the parameters as they are.
 */
export const pull = (server: ParameterServer, wanted: number): Float32Array => {
  const past = server.past.findLast(({ version }) => version >= wanted);
  if (past !== undefined) return joined(past.values.map(unpackFloats));
  const known = presentOf.get(server);
  if (known !== undefined) return known;
  const present = joined(server.shards.map(({ values }) => unpackFloats(values)));
  presentOf.set(server, present);
  return present;
};
