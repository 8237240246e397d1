import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { JobReport } from '../../nas/job/job-report.ts';
import { randomCells } from '../../nas/protocol/random-cells.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { printedSpace } from '../../nas/space/spaces.ts';
import type { Cell } from '../../nas/space/spaces.ts';
import { trialsOf } from '../../nas/search/trial-log.ts';
import type { LoggedTrial } from '../../nas/search/trial-log.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { readTrialLog } from '../../store/trial-log.ts';
import type { LookUp } from '../search/look-up.ts';

/** Full trainings that trials stand for: each network counts once, with the most that was seen of it. */
const fullTrainings = (trials: readonly LoggedTrial[]): number => {
  const shares = new Map<string, number>();
  for (const { hash, fidelity, end } of trials)
    if (end !== undefined && end.kind !== 'lost') shares.set(hash, Math.max(fidelity, shares.get(hash) ?? 0));
  return Math.ceil([...shares.values()].reduce((total, share) => total + share, 0));
};

/**
 * Random search in the table in which a search has looked its trials up, which costs neither anything: it
 * sees as many networks as the search has seen, and answers them best first by the score that the search
 * learns.
 */
export const randomLookUps = async (
  store: ObjectStore,
  { runId, experiment }: RunRecord,
  lookUp: LookUp,
  { job }: JobReport,
): Promise<readonly Cell[]> => {
  const space = lookUp.space ?? chosenSpace(experiment.space);
  const trials = trialsOf(await readTrialLog(store, runId, job.jobId));
  const stream = randomCells(experiment, printedSpace(space), () => false, job.seed);
  const seen = Array.from({ length: fullTrainings(trials) }, () => stream.next().value).flatMap(
    (cell: Cell | undefined) => {
      const end = cell && lookUp(space.parse(cell.genotype), 1);
      return cell !== undefined && end?.kind === 'score' ? [{ cell, score: end.value }] : [];
    },
  );
  return seen.sort((a, b) => b.score - a.score).map(({ cell }) => cell);
};
