import { troubleOf } from './launch/await-launch.ts';
import type { ProtocolActivities } from './contract.ts';
import type { Dependencies } from './dependencies.ts';
import { createEndLaunches } from './launch/end-launches.ts';
import { atBoundary } from './failures.ts';
import { createLaunchJob } from './launch/launch-job.ts';
import { createLimits } from './search/limits.ts';
import { createStageActivities } from './stages/protocol-stages.ts';
import { createLookUp } from './search/look-up.ts';
import { createRehearseReclaim } from './search/rehearse-reclaim.ts';
import { createRunTrial } from './search/run-trial.ts';
import { createSearchByTrials } from './search/search-by-trials.ts';
import { createSteerSearch } from './search/steering.ts';
import { createTrialArrays } from './search/trial-arrays.ts';

/** All activities of the protocol over their dependencies; every error is classified once, here. */
export const createProtocolActivities = (deps: Dependencies): Omit<ProtocolActivities, 'collectReport'> => {
  const stages = createStageActivities(deps);
  return {
    planSearch: atBoundary(stages.planSearch),
    planRetraining: atBoundary(stages.planRetraining),
    planGate: atBoundary(stages.planGate),
    judgeGate: atBoundary(stages.judgeGate),
    planBaseline: atBoundary(stages.planBaseline),
    planWinner: atBoundary(stages.planWinner),
    planBaselineEvaluation: atBoundary(stages.planBaselineEvaluation),
    settleStage: atBoundary(stages.settleStage),
    concludeRun: atBoundary(stages.concludeRun),
    launchJob: atBoundary(createLaunchJob(deps)),
    endLaunches: atBoundary(createEndLaunches(deps)),
    searchByTrials: atBoundary(
      createSearchByTrials({
        store: deps.store,
        ports: deps.ports ?? {},
        runTrial: createRunTrial(deps),
        arrays: createTrialArrays(deps),
        lookUp: createLookUp(deps),
        limits: createLimits(deps),
        waits: () => troubleOf(deps.watcher),
      }),
    ),
    steerSearch: atBoundary(createSteerSearch(deps)),
    rehearseReclaim: atBoundary(createRehearseReclaim(deps)),
  };
};
