import { z } from 'zod';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';
import { spaceSchema } from '../../nas/space/registry.ts';
import { networkSchema } from '../../nas/task/recipe.ts';
import type { Session } from './connect.ts';
import { fetchReport } from './fetch-report.ts';

const cell = z.object({ genotype: z.string() });

/** The part of `report.json` that says which cells a run has found. */
const schema = z.object({
  configuration: z.object({
    space: spaceSchema,
    stages: z.object({ evaluate: z.object({ network: networkSchema }) }),
  }),
  data: z
    .object({
      shape: z.tuple([z.number(), z.number(), z.number()]),
      classes: z.array(z.string()),
    })
    .exactOptional(),
  winner: cell.exactOptional(),
  baseline: cell.exactOptional(),
  retrainings: z.array(cell.extend({ by: z.enum(['winner', 'baseline']) })),
  searches: z.array(z.object({ best: z.array(cell) })),
});

/**
 * The cells that a run has found so far, from its report. Throws `InfrastructureError` where the report is none of this
 * version.
 */
export const readReportedCells = async (
  session: Session,
  runId: string,
): Promise<z.output<typeof schema>> => {
  const text = (await fetchReport(session, runId))['report.json'];
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw infrastructureError(
    `report.json of ${runId}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    'use the version of the product that wrote it',
  );
};
