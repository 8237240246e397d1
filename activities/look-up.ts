import { inputError } from '../nas/protocol/input-error.ts';
import { soughtMeasures } from '../nas/protocol/measures.ts';
import type { RunRecord } from '../nas/protocol/run-record.ts';
import { endUnder } from '../nas/strategy/objective.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openTable, readTableManifest } from '../store/tables.ts';
import type { LookUp } from './search-by-trials.ts';

/**
 * Trials of a search on a benchmark's table: how to look one up, or `undefined` where an experiment trains them. Throws
 * `InputError` when the table is not the one that the run was started with.
 */
export const createLookUp =
  ({ store }: { readonly store: ObjectStore }) =>
  async ({ experiment }: RunRecord): Promise<LookUp | undefined> => {
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
    const lookUp: LookUp = (genotype, fidelity) => {
      const row = table.rowOf(genotype);
      return endUnder(experiment.stages.search.objective, {
        kind: 'score',
        value: score(row, fidelity) / scale,
        ...(measures.length > 0 && {
          measures: Object.fromEntries(measures.map(([name, column]) => [name, column[row] as number])),
        }),
      });
    };
    return table.listed ? Object.assign(lookUp, { space: table.space }) : lookUp;
  };
