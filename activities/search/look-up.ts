import type { TabularBenchmark } from '../../nas/benchmark/table.ts';
import type { Json } from '../../nas/core/json.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { soughtMeasures } from '../../nas/experiment/measures.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { TrialEnd } from '../../nas/search/trial-log.ts';
import { endUnder } from '../../nas/search/objective.ts';
import type { Space } from '../../nas/space/space.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openTable, readTableManifest } from '../../store/tables.ts';

/** A trial's end without a job. */
export interface LookUp {
  (genotype: Json, fidelity: number): TrialEnd;
  /** The part of the experiment's space that the table holds, where that is all that is searched. */
  readonly space?: Space;
}

interface SearchedTable {
  readonly table: TabularBenchmark;
  /** How a trial of a row ends. */
  readonly endOf: (row: number, fidelity: number) => TrialEnd;
}

/**
 * The table that a run's search looks its trials up in, or `undefined` where it trains them. Throws
 * `InputError` when the table is not the one that the run was started with.
 */
const openSearched = async (
  store: ObjectStore,
  { experiment }: RunRecord,
): Promise<SearchedTable | undefined> => {
  const wanted = experiment.stages.search.table;
  if (wanted === undefined) return undefined;
  const manifest = await readTableManifest(store, wanted.name);
  if (manifest === undefined || (wanted.sha256 ?? manifest.blob.sha256) !== manifest.blob.sha256)
    throw inputError(
      'stages.search.table',
      wanted.name,
      `the table ${wanted.sha256 ?? ''} that the run was started with`,
      'add it again with nas data add, or start the run under another name',
    );
  const table = await openTable(store, manifest);
  const score = table.score(wanted.column, 'stages.search.table.column');
  const scale = wanted.unit === 'percent' ? 100 : 1;
  const measures = soughtMeasures(experiment).map(
    (name) => [name, table.column(name, 'stages.search.objective')] as const,
  );
  return {
    table,
    endOf: (row, fidelity) =>
      endUnder(experiment.stages.search.objective, {
        kind: 'score',
        value: score(row, fidelity) / scale,
        ...(measures.length > 0 && {
          measures: Object.fromEntries(measures.map(([name, column]) => [name, column[row] as number])),
        }),
      }),
  };
};

/**
 * Trials of a search on a benchmark's table: how to look one up, or `undefined` where an experiment trains
 * them.
 */
export const createLookUp =
  ({ store }: { readonly store: ObjectStore }) =>
  async (run: RunRecord): Promise<LookUp | undefined> => {
    const searched = await openSearched(store, run);
    if (searched === undefined) return undefined;
    const { table, endOf } = searched;
    const lookUp: LookUp = (genotype, fidelity) => endOf(table.rowOf(genotype), fidelity);
    return table.listed ? Object.assign(lookUp, { space: table.space }) : lookUp;
  };

/**
 * The best score that a search on a table could find, as it would learn it; `undefined` where trials are
 * trained.
 */
export const bestOfTable = async (store: ObjectStore, run: RunRecord): Promise<number | undefined> => {
  const searched = await openSearched(store, run);
  if (searched === undefined) return undefined;
  let best = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < searched.table.size; row++) {
    const end = searched.endOf(row, 1);
    if (end.kind === 'score') best = Math.max(best, end.value);
  }
  return best;
};
