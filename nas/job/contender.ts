import type { Contender, PlannedTraining } from './job-report.ts';

/** Whose network an evaluation trains. Jobs that 0.1.0 planned say so in their path alone. */
export const contenderOf = ({ contender, jobId }: PlannedTraining): Contender =>
  contender ?? (jobId.startsWith('stage-3/winner/') ? 'winner' : 'baseline');
