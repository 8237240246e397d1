import type { MixtureSearchSpec, ProgramSpec, WeightSharingSearchSpec } from '../../job/job.ts';
import { deriveSeed } from '../../core/random.ts';
import type { TrainingProgram } from '../program.ts';
import { supernetOf } from '../supernets/registry.ts';
import type { Supernet } from '../supernets/supernet.ts';
import { dartsStrategy } from './darts-strategy.ts';
import { enasController } from './enas-controller.ts';
import { enasSearch } from './enas-search.ts';
import { choiceSupernet } from './choice-supernet.ts';
import { gatedSupernet } from './gated-supernet.ts';
import { withInheritedWeights } from './inherited-weights.ts';
import { mixtureSearch } from './mixture-search.ts';
import type { MixtureStrategy } from './mixture-strategy.ts';
import type { LearningResources, ProgramResources } from './resources.ts';
import { smashNetworkFor } from './smash-network.ts';
import { smashSearch } from './smash-search.ts';
import { snasStrategy } from './snas-strategy.ts';
import { tensorTaskOf } from '../tasks/registry.ts';
import { trainNetwork } from './train-network.ts';
import { weightSharingSearch } from './weight-sharing-search.ts';

type Create<Kind extends ProgramSpec['kind']> = (
  spec: Extract<ProgramSpec, { kind: Kind }>,
  resources: LearningResources,
) => Promise<TrainingProgram>;

const mixtureStrategy = (
  { strategy, recipe, seed }: MixtureSearchSpec,
  supernet: Supernet,
  { tf }: ProgramResources,
): MixtureStrategy => {
  switch (strategy.name) {
    case 'darts':
      return dartsStrategy(tf, strategy, recipe);
    case 'snas':
      return snasStrategy(tf, strategy, recipe, { supernet, seed });
  }
};

const supernetFor = (
  { space, network }: MixtureSearchSpec | WeightSharingSearchSpec,
  { data }: ProgramResources,
): Supernet => supernetOf(space.name, { size: network, image: data.shape, classes: data.classes });

const PROGRAMS = {
  'weight-sharing-search': (spec, resources) => {
    const { scoreStatistics } = spec.strategy;
    if (scoreStatistics === 'batch')
      return weightSharingSearch(spec, choiceSupernet(spec, resources), resources);
    const supernet = supernetFor(spec, resources);
    const seed = deriveSeed(spec.seed, 'weights');
    const gated = gatedSupernet(resources.tf, supernet, seed, scoreStatistics);
    return weightSharingSearch(spec, gated, resources);
  },
  'mixture-search': (spec, resources) => {
    const supernet = supernetFor(spec, resources);
    return mixtureSearch(spec, supernet, mixtureStrategy(spec, supernet, resources), resources);
  },
  'enas-search': (spec, resources) =>
    enasSearch(spec, choiceSupernet(spec, resources), enasController(spec), resources),
  'smash-search': (spec, resources) => smashSearch(spec, smashNetworkFor(spec, resources), resources),
  'train-network': async (spec, resources) => {
    const network = resources.task.network(resources.tf, resources.data, spec);
    const { inherited } = resources;
    return trainNetwork(
      spec,
      inherited === undefined ? network : await withInheritedWeights(spec, network, inherited, resources),
      resources,
    );
  },
} satisfies { [Kind in ProgramSpec['kind']]: Create<Kind> };

/** Creates the program of a spec at its first step. */
export const createProgram = (spec: ProgramSpec, resources: ProgramResources): Promise<TrainingProgram> =>
  (PROGRAMS[spec.kind] as Create<typeof spec.kind>)(spec as never, {
    ...resources,
    task: tensorTaskOf(spec.data.task),
  });
