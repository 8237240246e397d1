import type { Random } from '../../core/random.ts';
import type { SearchSpec } from '../../job/program-spec.ts';
import type { OneJobName } from '../../search/one-job/registry.ts';
import type { DatasetManifest } from '../../task/manifest.ts';
import type { TrainingProgram } from '../program.ts';
import type { NetworkFacts } from '../tasks/tensor-task.ts';
import type { LearningResources } from './resources.ts';

/** The tensor half of a search of one job; `nas/search/one-job` has the pure one. */
export interface OneJobProgram<Name extends OneJobName> {
  /** The program at its first step. */
  create(spec: SearchSpec<Name>, resources: LearningResources): Promise<TrainingProgram>;
  /**
   * What a step of training holds and costs, as the program counts it: of the architecture that a minibatch
   * draws, or of all at once. The parameters are all that it trains.
   */
  describe(spec: SearchSpec<Name>, manifest: DatasetManifest): (random: Random) => NetworkFacts;
}
