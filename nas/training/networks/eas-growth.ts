import type { Grown } from '../../search/inheritance.ts';
import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { EasGenotype } from '../../space/eas.ts';
import { net2deeper, net2wider, type Chain, type ChainLayer } from '../layers/function-preserving.ts';
import type { ImageShape } from '../layers/layers.ts';
import type { HostTensor } from '../program.ts';
import { tensorLayers } from '../layers/tensor-layers.ts';
import { toTensor, type Tensor, type Tf } from '../graph/tensor.ts';
import { easLayers, easNetwork, type EasLayer } from './eas.ts';
import { scaledWidth } from './width.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

/** Some images as a network reads them, [B, H, W, C]. */
export interface ProbeImages {
  readonly shape: readonly [number, number, number, number];
  readonly x: Float32Array;
}

interface Moments {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Mean and variance, over the images and their pixels, of what each layer gives. */
const outputMoments = (
  tf: Tf,
  genotype: EasGenotype,
  size: ImageNetworkSize,
  variables: HostTensors,
  images: ProbeImages,
): readonly Moments[] =>
  tf.tidy(() => {
    const vars = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, toTensor(tf, value)]),
    );
    const layers = tensorLayers(tf, vars, { kind: 'evaluate' });
    const outputs: Tensor[] = [];
    const watched: typeof layers = {
      ...layers,
      relu: (x) => {
        const y = layers.relu(x);
        outputs.push(y);
        return y;
      },
    };
    const image = images.shape.slice(1) as unknown as ImageShape;
    const classes = variables['classifier.bias']?.shape[0] as number;
    const network = easNetwork(genotype)({ size, image, classes, auxiliary: false });
    network(watched, toTensor(tf, { dtype: 'float32', shape: images.shape, data: images.x }));
    return outputs.map((y) => {
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      return { mean: mean.dataSync() as Float32Array, variance: variance.dataSync() as Float32Array };
    });
  });

const PARTS = ['bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'] as const;

const chainOf = (
  layers: readonly EasLayer[],
  variables: HostTensors,
  moments: readonly Moments[],
): Chain => ({
  layers: layers.map(({ name }, i): ChainLayer => {
    const [scale, offset, runningMean, runningVariance] = PARTS.map(
      (part) => variables[`${name}.${part}`]?.data,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const { mean, variance } = moments[i] as Moments;
    return {
      weight: variables[`${name}.conv.weight`] as HostTensor,
      scale,
      offset,
      runningMean,
      runningVariance,
      outputMean: mean,
      outputVariance: variance,
    };
  }),
  classifier: variables['classifier.weight'] as HostTensor,
});

const variablesOf = (chain: Chain, layers: readonly EasLayer[]): Record<string, HostTensor> =>
  Object.fromEntries([
    ['classifier.weight', chain.classifier],
    ...layers.flatMap(({ name }, i) => {
      const layer = chain.layers[i] as ChainLayer;
      const values = [layer.scale, layer.offset, layer.runningMean, layer.runningVariance];
      return [
        [`${name}.conv.weight`, layer.weight],
        ...PARTS.map((part, p) => {
          const data = values[p] as Float32Array;
          return [`${name}.${part}`, { dtype: 'float32', shape: [data.length], data }];
        }),
      ];
    }),
  ]) as Record<string, HostTensor>;

/**
 * The variables of a network `to` that grew out of a trained one, whose variables are given, weights and
 * buffers; statistics of new layers are measured on `images`.
 */
export type GrowVariables<G> = (
  tf: Tf,
  growing: Pick<Grown, 'edits' | 'noise'> & {
    readonly from: G;
    readonly to: G;
    readonly size: ImageNetworkSize;
    readonly variables: HostTensors;
    readonly images: ProbeImages;
    readonly seed: number;
  },
) => Record<string, HostTensor>;

/** As Cai et al. 2018, §3; the authors measure new batch norms on one minibatch too. */
export const grownVariables: GrowVariables<EasGenotype> = (
  tf,
  { from, to, size, variables, images, edits, noise, seed },
) => {
  const moments = outputMoments(tf, from, size, variables, images);
  const grown = edits.reduce(
    (chain, edit, i) => {
      const random = randomFromSeed(deriveSeed(seed, 'grow', i));
      return edit.kind === 'widen'
        ? net2wider(chain, edit.layer, scaledWidth(edit.width, size), random, noise.wider)
        : net2deeper(chain, edit.layer, edit.kernel, random, noise.deeper);
    },
    chainOf(easLayers(from, size), variables, moments),
  );
  return {
    ...variablesOf(grown, easLayers(to, size)),
    'classifier.bias': variables['classifier.bias'] as HostTensor,
  };
};
