import { max } from 'simple-statistics';
import { readTextFile } from '../../infra/read-text-file.ts';
import { objectiveOnTable } from '../../nas/benchmark/table-objective.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { readExperimentText } from '../../nas/experiment/load-experiment.ts';
import type { LoadedExperiment, ReadExperiment } from '../../nas/experiment/load-experiment.ts';
import { checkMeasures, minimisedMeasures } from '../../nas/experiment/measures.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { experimentHash } from '../../nas/experiment/run-record.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { SettledExperiment } from '../../nas/experiment/settled-experiment.ts';
import { chosenSpace } from '../../nas/space/registry.ts';
import { isBlackBox } from '../../nas/search/strategy-schema.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { listTables, openTable, readTableManifest } from '../../store/tables.ts';
import type { RunOrigin } from './settle-origin.ts';

const RUN_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * Reads an experiment file, right or wrong. Throws `InputError` when it cannot be read or is no YAML of
 * fields.
 */
export const readExperimentFile = (file: string, overrides: readonly string[]): ReadExperiment => {
  const expected = {
    field: 'experiment',
    what: 'a readable YAML file',
    fix: 'see experiments/ for examples',
  };
  return readExperimentText(readTextFile(file, expected), { file, overrides });
};

/** Reads an experiment file. Throws `InputError` when it cannot be read or is wrong. */
export const readExperiment = async (file: string, overrides: readonly string[]): Promise<LoadedExperiment> =>
  readExperimentFile(file, overrides).loaded();

/**
 * A unit that the values of the column cannot have would make every score a hundred times too small or too
 * large.
 */
const checkUnit = (
  values: Float64Array,
  { column, unit }: NonNullable<Experiment['stages']['search']['table']>,
  place: LoadedExperiment['place'],
): void => {
  const largest = max([...values]);
  if (unit === (largest > 1 ? 'percent' : 'fraction')) return;
  throw inputError(
    place(['stages', 'search', 'table', 'unit']),
    unit,
    largest > 1
      ? `percent for ${column}, whose largest value is ${largest}`
      : `fraction for ${column}, whose largest value is ${largest}`,
    `set stages.search.table.unit to ${largest > 1 ? 'percent' : 'fraction'}`,
  );
};

/** The column that a search raises cannot be one that it lowers. */
const checkCosts = (
  { strategy, stages }: Experiment,
  { column }: NonNullable<Experiment['stages']['search']['table']>,
  place: LoadedExperiment['place'],
): void => {
  const weighed = Object.hasOwn(stages.search.objective?.weights ?? {}, column);
  if (weighed || minimisedMeasures({ strategy }).includes(column))
    throw inputError(
      place(weighed ? ['stages', 'search', 'objective'] : ['strategy']),
      column,
      'columns that are to be small; this one is the score, which is to be great',
      'name a cost, or another stages.search.table.column',
    );
};

/**
 * The experiment with the content of its table and the objective on it, if stage 1 looks trials up. Throws
 * `InputError`.
 */
export const withTable = async (
  store: ObjectStore,
  { experiment, place }: LoadedExperiment,
): Promise<Experiment> => {
  const { search } = experiment.stages;
  if (search.table === undefined) return experiment;
  const { name, column } = search.table;
  const manifest = /^[\w.-]+$/.test(name) ? await readTableManifest(store, name) : undefined;
  if (manifest === undefined) {
    const present = (await listTables(store)).map((table) => table.name);
    throw inputError(
      place(['stages', 'search', 'table', 'name']),
      name,
      `${present.join(', ') || 'nothing yet'} (in the store)`,
      suggestion(name, present, 'nas data add brings a table into the store'),
    );
  }
  if (manifest.space !== experiment.space.name)
    throw inputError(
      place(['stages', 'search', 'table', 'name']),
      name,
      `a table of ${experiment.space.name}; this one is of ${manifest.space}`,
      'change space.name or the table',
    );
  const { sha256 = manifest.blob.sha256 } = search.table;
  if (sha256 !== manifest.blob.sha256)
    throw inputError(
      place(['stages', 'search', 'table', 'sha256']),
      sha256,
      `${manifest.blob.sha256}, of the table ${name} in the store`,
      'add the other table under a name of its own, or leave the field out',
    );
  const opened = await openTable(store, manifest);
  // Of NAS-Bench-101, which has tables of small graphs alone.
  if (!opened.listed && opened.space.name !== chosenSpace(experiment.space).name)
    throw inputError(
      place(['space']),
      experiment.space,
      `${opened.space.name}, whose architectures the table ${name} has`,
      "set space.maxVertices to that of the table's largest graph",
    );
  checkUnit(opened.column(column, place(['stages', 'search', 'table', 'column'])), search.table, place);
  checkMeasures(experiment, opened.columns, place, (name) =>
    suggestion(name, opened.columns, 'name a column of the table'),
  );
  checkCosts(experiment, search.table, place);
  const minimised = minimisedMeasures(experiment);
  const sought = { ...(search.objective && { objective: search.objective }), minimised };
  const { objective } = objectiveOnTable(opened, sought, place(['stages', 'search', 'objective']));
  const { strategy } = experiment;
  if (isBlackBox(strategy) && STRATEGIES[strategy.name].multiFidelity && !opened.curves.includes(column))
    throw inputError(
      place(['stages', 'search', 'table', 'column']),
      column,
      `a learning curve while ${strategy.name} searches (${name} has ${opened.curves.join(', ') || 'none'}): it needs ` +
        'scores after shares of the training',
      'name a learning curve, or choose a strategy of full trainings',
    );
  const table = { ...search.table, sha256 };
  const stage = { ...search, ...(objective && { objective }), table };
  return { ...experiment, stages: { ...experiment.stages, search: stage } };
};

/** `quickstart-20261122-143015`: sorts by time, and tells runs of one experiment apart. */
export const defaultRunId = (experiment: Experiment, now: Date): string =>
  `${experiment.name}-${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;

export const checkRunId = (runId: string): string => {
  if (!RUN_ID.test(runId))
    throw inputError(
      '--name',
      runId,
      'lower-case letters, digits and dashes, at most 64, not beginning with a dash',
      'choose another name',
    );
  return runId;
};

export const runRecord = (
  runId: string,
  experiment: SettledExperiment,
  dataset: StoredDataset,
  now: Date,
  origin: Partial<RunOrigin> = {},
): RunRecord => ({
  version: 1,
  runId,
  experiment,
  experimentHash: experimentHash(experiment, dataset.ref),
  dataset: { name: dataset.manifest.name, manifest: dataset.ref },
  createdAt: now.toISOString(),
  ...origin,
});
