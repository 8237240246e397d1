import type { TrainNetworkSpec } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import { buildClassifier } from '../networks/network.ts';
import { networkOf } from '../networks/registry.ts';
import type { ProgramResources } from './resources.ts';
import type { NetworkToTrain } from './train-network.ts';

/**
 * The network of a printed genotype, to be trained from scratch. Parameters and multiply-adds are counted without the
 * auxiliary head, as published.
 *
 * @throws InputError when the genotype does not parse, InvalidArchitectureError when it cannot be built at this size.
 */
export const finalNetworkClassifier = (
  spec: TrainNetworkSpec,
  { tf, data }: ProgramResources,
): NetworkToTrain =>
  buildClassifier(
    tf,
    networkOf(spec.space, spec.genotype),
    {
      size: spec.network,
      image: data.shape,
      classes: data.classes,
      auxiliary: spec.recipe.auxiliaryWeight > 0,
    },
    deriveSeed(spec.seed, 'weights'),
  );
