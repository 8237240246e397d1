import type { Experiment } from '../../nas/experiment/experiment.ts';
import { inputError } from '../../nas/core/input-error.ts';
import type { PlannedJob } from '../../nas/job/job-report.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { isGiven } from '../../nas/search/given.ts';
import { isBlackBox } from '../../nas/search/strategy-schema.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { VerifiedStage } from './stages.ts';

/**
 * A job of the experiment as its run would launch it: stage 1's first search, or where a strategy searches by
 * trials one of them at full length; or a training at the fidelity of stage 2 or 3. Trials and trainings are
 * of a random network.
 *
 * @throws InputError when the stage has no job.
 */
export const jobToVerify = (experiment: Experiment, stage: VerifiedStage): PlannedJob => {
  const { strategy, stages } = experiment;
  const { search, retrain, evaluate } = stages;
  const { genotype } = spaceOf(experiment.space).sample(randomFromSeed(evaluate.baselineSeed));
  switch (stage) {
    case 'search': {
      const seed = search.seeds[0] as number;
      if (isGiven(strategy))
        throw inputError('--stage', stage, 'retrain, evaluate', 'a given cell is not searched for');
      return isBlackBox(strategy)
        ? { kind: 'trial', jobId: 'trial', seed, genotype, rungs: [search.recipe.epochs] }
        : { kind: 'search', jobId: stage, seed };
    }
    case 'retrain':
      return { kind: 'retrain', jobId: stage, seed: retrain.seed, genotype };
    case 'evaluate':
      return { kind: 'evaluate', jobId: stage, seed: evaluate.seeds[0] as number, genotype };
  }
};
