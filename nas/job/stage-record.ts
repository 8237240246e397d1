import { z } from 'zod';
import { STAGE_NAMES } from '../experiment/stage-name.ts';
import { jobReportSchema } from './job-report.ts';

/** How a stage ended; stored at `keys.stageResult`, read by the next stage and the report. */
export const stageRecordSchema = z.strictObject({
  version: z.literal(1),
  stage: z.enum(STAGE_NAMES),
  reports: z.array(jobReportSchema).readonly(),
});
export type StageRecord = z.infer<typeof stageRecordSchema>;
