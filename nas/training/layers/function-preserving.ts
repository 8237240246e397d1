import type { Random } from '../../core/random.ts';
import { BATCH_NORM_EPSILON } from './batch-norm.ts';
import type { HostTensor } from '../program.ts';

/** A layer with weights, batch norm and ReLU, as host memory. */
export interface ChainLayer {
  /** [k, k, C, D], row-major; no bias. */
  readonly weight: HostTensor;
  /** Of batch norm, each [D]. */
  readonly scale: Float32Array;
  readonly offset: Float32Array;
  readonly runningMean: Float32Array;
  readonly runningVariance: Float32Array;
  /** Mean and variance of the layer's output over some images, each [D]. */
  readonly outputMean: Float32Array;
  readonly outputVariance: Float32Array;
}

/** Layers one behind the other, pooling between them or not, and the classifier that reads the last. */
export interface Chain {
  readonly layers: readonly ChainLayer[];
  /** [C, classes]. */
  readonly classifier: HostTensor;
}

/** Standard deviations of the noise on what is new, in those of the weights that it is added to. */
export interface GrowthNoise {
  readonly wider: number;
  readonly deeper: number;
}

const elements = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

const tensor = (shape: readonly number[], data: Float32Array): HostTensor => ({
  dtype: 'float32',
  shape,
  data,
});

const gathered = (values: Float32Array, from: readonly number[]): Float32Array =>
  Float32Array.from(from, (i) => values[i] as number);

const spread = (values: ArrayLike<number>): number => {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i] as number;
    squares += (values[i] as number) ** 2;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
};

/** Columns of [..., D]: the j-th new one is the `from[j]`-th; `change` makes the new value of an element. */
const withColumns = (
  { shape, data }: HostTensor,
  from: readonly number[],
  change: (value: number, column: number) => number,
): HostTensor => {
  const columns = shape.at(-1) as number;
  const rows = elements(shape) / columns;
  const result = new Float32Array(rows * from.length);
  for (let row = 0; row < rows; row++)
    from.forEach((column, j) => {
      result[row * from.length + j] = change(data[row * columns + column] as number, j);
    });
  return tensor([...shape.slice(0, -1), from.length], result);
};

/** Input channels of [..., C, D]: the i-th new one is the `from[i]`-th times `share[i]`. */
const withInputs = (
  { shape, data }: HostTensor,
  from: readonly number[],
  share: readonly number[],
): HostTensor => {
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const taps = elements(shape) / (inputs * outputs);
  const result = new Float32Array(taps * from.length * outputs);
  for (let tap = 0; tap < taps; tap++)
    from.forEach((input, i) => {
      for (let o = 0; o < outputs; o++)
        result[(tap * from.length + i) * outputs + o] =
          (data[(tap * inputs + input) * outputs + o] as number) * (share[i] as number);
    });
  return tensor([...shape.slice(0, -2), from.length, outputs], result);
};

const replaced = <T>(items: readonly T[], at: number, item: T): readonly T[] =>
  items.map((old, i) => (i === at ? item : old));

/**
 * Net2WiderNet (Chen, Goodfellow & Shlens 2016, §2.2; Cai et al. 2018, eq. 3–5): the layer's first channels
 * stay, each further one repeats one of them, drawn uniformly, with its batch norm; whoever reads the layer
 * divides the weights of a channel among its copies. Without noise the network computes what it did, up to
 * rounding; noise on the copied filters makes copies learn apart.
 *
 * @throws RangeError unless the layer becomes wider.
 */
export const net2wider = (
  { layers, classifier }: Chain,
  at: number,
  width: number,
  random: Random,
  noise: number,
): Chain => {
  const layer = layers[at] as ChainLayer;
  const old = layer.scale.length;
  if (width <= old) throw new RangeError(`layer ${at}: width ${width}, allowed: above its ${old}`);
  const from = Array.from({ length: width }, (_, j) => (j < old ? j : random.int(old)));
  const copies = new Array<number>(old).fill(0);
  for (const channel of from) copies[channel] = (copies[channel] as number) + 1;
  const share = from.map((channel) => 1 / (copies[channel] as number));
  const deviation = noise * spread(layer.weight.data);
  const wide: ChainLayer = {
    weight: withColumns(layer.weight, from, (value, j) =>
      j < old || deviation === 0 ? value : value + deviation * random.normal(),
    ),
    scale: gathered(layer.scale, from),
    offset: gathered(layer.offset, from),
    runningMean: gathered(layer.runningMean, from),
    runningVariance: gathered(layer.runningVariance, from),
    outputMean: gathered(layer.outputMean, from),
    outputVariance: gathered(layer.outputVariance, from),
  };
  const next = layers[at + 1];
  const widened = replaced(layers, at, wide);
  return next === undefined
    ? { layers: widened, classifier: withInputs(classifier, from, share) }
    : {
        layers: replaced(widened, at + 1, { ...next, weight: withInputs(next.weight, from, share) }),
        classifier,
      };
};

/**
 * Net2DeeperNet (Chen, Goodfellow & Shlens 2016, §2.3; Cai et al. 2018, §3): behind the layer another one
 * whose kernel [kernel, kernel, D, D] passes every channel on. Its batch norm gives back the statistics of
 * its input that it takes away, which are those of the layer's output; ReLU keeps what a ReLU let through.
 */
export const net2deeper = (
  { layers, classifier }: Chain,
  at: number,
  kernel: number,
  random: Random,
  noise: number,
): Chain => {
  const { outputMean, outputVariance } = layers[at] as ChainLayer;
  const width = outputMean.length;
  const weight = new Float32Array(kernel * kernel * width * width);
  const middle = ((kernel * kernel - 1) / 2) * width * width;
  for (let c = 0; c < width; c++) weight[middle + c * width + c] = 1;
  const deviation = noise * spread(weight);
  if (deviation > 0)
    for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] as number) + deviation * random.normal();
  const identity: ChainLayer = {
    weight: tensor([kernel, kernel, width, width], weight),
    scale: outputVariance.map((variance) => Math.sqrt(variance + BATCH_NORM_EPSILON)),
    offset: outputMean,
    runningMean: outputMean,
    runningVariance: outputVariance,
    outputMean,
    outputVariance,
  };
  return { layers: layers.toSpliced(at + 1, 0, identity), classifier };
};
