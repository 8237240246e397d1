import { inputError } from '../../core/input-error.ts';
import type { Json } from '../../core/json.ts';
import { readGenotype } from '../../space/read-genotype.ts';
import type { SpaceChoice, SpaceOfTask } from '../../space/registry.ts';
import { blockQnnNetwork } from './block-qnn.ts';
import { dartsNetwork } from './darts-final.ts';
import { easNetwork } from './eas.ts';
import { enasMacroNetwork } from './enas-macro.ts';
import { enasMicroNetwork } from './enas-micro.ts';
import { fractalNetwork } from './fractal-net.ts';
import { geneticCnnNetwork } from './genetic-cnn.ts';
import { hierarchicalNetwork } from './hierarchical.ts';
import { layerGraphNetwork } from './layer-graph.ts';
import { nasBench101Network } from './nas-bench-101.ts';
import { nasBench201Classifier } from './nas-bench-201.ts';
import { nasBenchMacroNetwork } from './nas-bench-macro.ts';
import { nasRlNetwork } from './nas-rl.ts';
import { nasnetNetwork } from './nasnet.ts';
import type { BuildNetwork } from './network.ts';
import { pnasNetwork } from './pnas.ts';
import { smashNetwork } from './smash.ts';

type ImageSpace = SpaceOfTask<'image-classification'>;
type OfGenotype = (genotype: Json) => BuildNetwork;

/** Forgets the genotype's type: a space's network is only handed genotypes that the space parsed. */
const erased = <G>(network: (genotype: G) => BuildNetwork): OfGenotype => network as unknown as OfGenotype;

/** The network that a genotype of each space describes. */
const NETWORKS = {
  'darts-cnn': erased(dartsNetwork),
  nasnet: erased(nasnetNetwork),
  pnas: erased(pnasNetwork),
  'nas-rl': erased(nasRlNetwork),
  'nas-rl-growing': erased(nasRlNetwork),
  hierarchical: erased(hierarchicalNetwork),
  'hierarchical-flat': erased(hierarchicalNetwork),
  'genetic-cnn': erased(geneticCnnNetwork),
  'fractal-net': erased(fractalNetwork),
  'block-qnn': erased(blockQnnNetwork),
  eas: erased(easNetwork),
  nasbot: erased(layerGraphNetwork),
  'auto-keras': erased(layerGraphNetwork),
  'enas-macro': erased(enasMacroNetwork),
  'enas-micro': erased(enasMicroNetwork),
  'nas-bench-101': erased(nasBench101Network),
  'nas-bench-201': erased(nasBench201Classifier),
  'nas-bench-macro': erased(nasBenchMacroNetwork),
  smash: erased(smashNetwork),
} as const satisfies Record<ImageSpace, OfGenotype>;

/**
 * The network of a printed genotype of a space.
 *
 * @throws InputError when the genotype does not parse, or the space is of another task.
 */
export const networkOf = (space: SpaceChoice, genotype: string): BuildNetwork => {
  const names = Object.keys(NETWORKS);
  if (!names.includes(space.name))
    throw inputError(
      'space.name',
      space.name,
      names.join(', '),
      'use a space whose networks classify images',
    );
  return NETWORKS[space.name as ImageSpace](readGenotype(space, genotype).genotype);
};
