import type { Json } from '../../nas/core/json.ts';
import { inputError } from '../../nas/core/input-error.ts';
import type { ImageNetworkSize } from '../../nas/task/images/recipe.ts';
import { readGenotype, spaceOptions } from '../../nas/space/read-genotype.ts';
import { definitionOf, type SpaceChoice } from '../../nas/space/registry.ts';
import { architectureGraphs } from '../../nas/report/architectures/drawings.ts';
import type { ArchitectureGraph } from '../../nas/space/drawings/architecture-graph.ts';
import { countMultiplyAdds, countParameters } from '../../nas/training/layers/counting.ts';
import { describeClassifier } from '../../nas/training/networks/network.ts';
import { networkOf } from '../../nas/training/networks/registry.ts';
import { UNSCALED_CHANNELS } from '../../nas/training/networks/width.ts';
import { InvalidArchitectureError } from '../../nas/training/program.ts';
import type { FoundArchitecture } from './find-architecture.ts';
import { table } from './format.ts';

interface ArchitectureDescription {
  readonly origin: string;
  readonly space: string;
  /** Options of the space that are not its defaults. */
  readonly options: Readonly<Record<string, Json>>;
  readonly genotype: string;
  /** Equal for genotypes that describe the same network. */
  readonly hash: string;
  /** How often each operation occurs, by graph (`normal`, `reduce`; `network`). */
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of the network without its auxiliary head. */
  readonly network: ImageNetworkSize & {
    readonly image: readonly [number, number, number];
    readonly classes: number;
    readonly parameters: number;
    readonly multiplyAdds: number;
  };
}

const usualSize = ({ name }: SpaceChoice): ImageNetworkSize => ({
  channels: UNSCALED_CHANNELS,
  layers: 9,
  ...definitionOf(name).publishedSize,
  stem: 'cifar',
});

const tally = ({ nodes, edges }: ArchitectureGraph): Record<string, number> => {
  const counts: Record<string, number> = {};
  const labels = [
    ...nodes.flatMap((node) => (node.kind === 'operation' ? [node.label] : [])),
    ...edges.flatMap(({ operation }) => operation?.label ?? []),
  ];
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};

/** The images that published networks are counted on. */
const CIFAR10 = { shape: [32, 32, 3], classes: 10 } as const;

/** Throws `InputError` where the genotype does not parse or its network cannot be built at that size. */
export const describeArchitecture = (
  { space, genotype, origin, size, images = CIFAR10 }: FoundArchitecture,
  wanted: Partial<Pick<ImageNetworkSize, 'channels' | 'layers'>>,
): ArchitectureDescription => {
  const { shape: image, classes } = images;
  const network: ImageNetworkSize = { ...usualSize(space), ...size, ...wanted };
  const { printed, hash } = readGenotype(space, genotype);
  let described: ReturnType<typeof describeClassifier>;
  try {
    described = describeClassifier(networkOf(space, genotype), {
      size: network,
      image,
      classes,
      auxiliary: false,
    });
  } catch (cause) {
    if (!(cause instanceof InvalidArchitectureError)) throw cause;
    throw inputError('--channels, --layers', network, 'a size that the network can have', cause.message, {
      cause,
    });
  }
  return {
    origin,
    space: space.name,
    options: spaceOptions(space),
    genotype: printed,
    hash,
    operations: Object.fromEntries(
      architectureGraphs(space, genotype).map((graph) => [graph.name, tally(graph)]),
    ),
    network: {
      ...network,
      image,
      classes,
      parameters: countParameters(described),
      multiplyAdds: countMultiplyAdds(described),
    },
  };
};

export const printArchitecture = ({
  origin,
  space,
  options,
  genotype,
  hash,
  operations,
  network,
}: ArchitectureDescription): string => {
  const graphs = Object.entries(operations);
  const labels = [...new Set(graphs.flatMap(([, counts]) => Object.keys(counts)))].sort();
  const rows = labels.map((label) => [label, ...graphs.map(([, counts]) => `${counts[label] ?? 0}`)]);
  const { channels, layers, image, classes, parameters, multiplyAdds } = network;
  return [
    `${origin}, space ${[space, ...Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)].join(', ')}, hash ${hash}`,
    genotype,
    '',
    table([['operation', ...graphs.map(([name]) => name)], ...rows]),
    '',
    `channels ${channels}, layers ${layers}, images ${image.join(' × ')}, ${classes} classes: ` +
      `${parameters.toLocaleString('en')} parameters, ${multiplyAdds.toLocaleString('en')} multiply-adds`,
  ].join('\n');
};
