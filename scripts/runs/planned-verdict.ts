import { z } from 'zod';
import { inputError } from '../../nas/core/input-error.ts';
import { claimOf } from '../../nas/experiment/claim.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import {
  POWER,
  powerOf,
  printedAmount,
  printedScale,
  searchesFor,
  visibleEffect,
} from '../../nas/protocol/power.ts';
import type { Spreads } from '../../nas/protocol/run-view.ts';
import { isGiven } from '../../nas/search/given.ts';
import { withUnit } from '../../nas/task/metric.ts';
import { metricOf, termsOf } from '../../nas/task/terms.ts';
import { readHint } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** What `nas run --dry-run` is asked of the verdict. */
export interface WantedEffect {
  /** In the unit in which differences are printed. */
  readonly effect?: number;
  /** `SEARCHES,TRAININGS` in the same unit, or a run to take them from. */
  readonly spreads?: string;
}

/** Spreads in the metric's printed unit, and where they are from. */
interface KnownSpreads {
  readonly spreads: Spreads;
  readonly source: string;
}

const assumedSpreads = ({ task }: Experiment): KnownSpreads | undefined => {
  const assumed = termsOf(task.kind).assumedSpreads;
  if (assumed === undefined) return undefined;
  const { source, ...spreads } = assumed;
  return { spreads, source: `assumed ${source}` };
};

const reportSchema = z.object({
  verdict: z.object({
    spreads: z.object({ searches: z.number(), trainings: z.number().exactOptional() }),
  }),
});

/** What the verdict of a run has measured, in the metric's printed unit. */
const measuredSpreads = async (
  runId: string,
  scale: number,
  openStore: () => ObjectStore,
): Promise<KnownSpreads> => {
  const report = await readHint(openStore(), keys.report(runId, 'report.json'), reportSchema);
  if (report === undefined)
    throw inputError(
      '--spreads',
      runId,
      'a run that has ended with a verdict about the search, or SEARCHES,TRAININGS such as 0.18,0.12',
      'nas list names the runs; one with stages.evaluate.claim = search measures both',
    );
  const { searches, trainings } = report.verdict.spreads;
  return {
    spreads: {
      searches: scale * searches,
      ...(trainings === undefined ? {} : { trainings: scale * trainings }),
    },
    source: `measured by run ${runId}`,
  };
};

const knownSpreads = (
  experiment: Experiment,
  spreads: string | undefined,
  scale: number,
  openStore: () => ObjectStore,
): Promise<KnownSpreads | undefined> | KnownSpreads | undefined => {
  if (spreads === undefined) return assumedSpreads(experiment);
  if (!spreads.includes(',')) return measuredSpreads(spreads, scale, openStore);
  const numbers = spreads.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [searches, trainings] = numbers;
  if (
    numbers.length !== 2 ||
    !numbers.every((n) => n >= 0 && Number.isFinite(n)) ||
    !numbers.some((n) => n > 0)
  )
    throw inputError(
      '--spreads',
      spreads,
      'two numbers from 0, not both 0: the standard deviations of winners of different searches and of trainings of one',
      'write --spreads 0.18,0.12, or the name of a run',
    );
  return { spreads: { searches: searches as number, trainings: trainings as number }, source: 'given' };
};

/** Why the verdict is about two cells. */
const reasonFor = ({ strategy, stages }: Experiment): string => {
  if (isGiven(strategy)) return 'a given cell';
  return stages.search.seeds.length === 1 ? 'one search seed' : 'stages.evaluate.claim: cell';
};

/**
 * What the verdict of the experiment will be about, what it can see, and how many searches a wanted effect
 * needs. Throws `InputError` for an effect or spreads that are none.
 */
export const plannedVerdict = async (
  experiment: Experiment,
  { effect, spreads: wanted }: WantedEffect,
  openStore: () => ObjectStore,
): Promise<{ readonly document: object; readonly lines: readonly string[] }> => {
  const metric = metricOf(experiment);
  const scale = printedScale(metric);
  const claim = claimOf(experiment);
  const searches = experiment.stages.search.seeds.length;
  const trainings = experiment.stages.evaluate.seeds.length;
  const said =
    claim === 'search'
      ? `about the search, over ${searches} searches with ${trainings} training seeds each`
      : `about two cells (${reasonFor(experiment)}): it will claim nothing about the search`;
  const known = await knownSpreads(experiment, wanted, scale, openStore);
  if (known === undefined)
    return {
      document: { claim },
      lines: [`${said}; --spreads SEARCHES,TRAININGS says what it sees`],
    };
  const { spreads, source } = known;
  const amount = (value: number): string => withUnit(printedAmount(value), metric.differenceUnit.long);
  const visible = claim === 'search' ? visibleEffect({ searches, trainings, spreads }) : undefined;
  const needed = effect === undefined ? undefined : searchesFor(effect, { trainings, spreads });
  const most = `${100 * POWER} % of cases`;
  return {
    document: {
      ...{ claim, searches, trainings, spreads, source, unit: metric.differenceUnit.long, power: POWER },
      ...(visible === undefined ? {} : { visible }),
      ...(effect === undefined
        ? {}
        : {
            effect,
            needed: needed ?? null,
            ...(claim === 'search' ? { seen: powerOf(effect, { searches, trainings, spreads }) } : {}),
          }),
    },
    lines: [
      said,
      `spreads: ${amount(spreads.searches)} between winners of different searches` +
        (spreads.trainings === undefined ? '' : `, ${amount(spreads.trainings)} between trainings of one`) +
        ` (${source})`,
      ...(visible === undefined ? [] : [`it sees a difference of ${amount(visible)} in ${most}`]),
      ...(effect === undefined
        ? ['--effect POINTS says how many searches a wanted difference needs']
        : [
            `a difference of ${amount(effect)} needs ${needed ?? 'more than 1000'} searches with ${trainings} training seeds each ` +
              `to be seen in ${most}` +
              (claim === 'search'
                ? `; these ${searches} see it in ${Math.round(100 * powerOf(effect, { searches, trainings, spreads }))} %`
                : ''),
          ]),
    ],
  };
};
