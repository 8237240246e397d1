import { z } from 'zod';
import { jsonOf } from '../../nas/core/json.ts';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import type { Session } from './connect.ts';
import { fetchReport } from './fetch-report.ts';

const cell = z.object({ genotype: z.string() });

/** The two cells that stage 3 has compared. */
export const contenders = z.object({ winner: cell.exactOptional(), baseline: cell.exactOptional() });

/** All cells that a run has found, best first. */
export const foundCells = contenders.extend({
  retrainings: z.array(cell.extend({ by: z.enum(['winner', 'baseline']) })),
  searches: z.array(z.object({ best: z.array(cell) })),
});

/**
 * A part of the report of a run, finished or not. Throws `InfrastructureError` where the stored report has no
 * such part.
 */
export const readReported = async <T>(session: Session, runId: string, part: z.ZodType<T>): Promise<T> => {
  const parsed = part.safeParse(jsonOf((await fetchReport(session, runId))['report.json']));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw infrastructureError(
    `report.json of ${runId}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    'use the version of the product that wrote it',
  );
};
