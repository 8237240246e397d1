import { termsOf } from '../task/terms.ts';
import { longNames } from './names.ts';
import type { RunReport } from './run-report.ts';

interface Specimen {
  /** Whose it is, and what. */
  readonly caption: string;
  readonly text: string;
}

/** What the winner makes of what it has learnt, in the first of its trainings in stage 3. */
export const specimenOf = ({ configuration, winner, evaluations }: RunReport): Specimen | undefined => {
  const what = termsOf(configuration.task.kind).specimen;
  const [first] = evaluations
    .filter(({ contender, genotype }) => contender === 'winner' && genotype === winner?.genotype)
    .sort((a, b) => a.seed - b.seed);
  if (what === undefined || first?.specimen === undefined) return undefined;
  return {
    caption: `${longNames(configuration).winner}, seed ${first.seed}: ${what}`,
    text: first.specimen,
  };
};
