import { checkTaskOfData } from '../../nas/experiment/check-task.ts';
import { DATASET_CHECKS } from '../../nas/experiment/check-dataset.ts';
import { inputError, InputError, inputErrors } from '../../nas/core/input-error.ts';
import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import type { LoadedExperiment, ReadExperiment } from '../../nas/experiment/load-experiment.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import { CorruptBlobError } from '../../store/blobs.ts';
import { datasetCounts, listDatasets, readDataset } from '../../store/datasets.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { useConfig } from '../config.ts';
import { KNOWN } from '../data/add-dataset.ts';
import { SHIPPED_NAME } from '../data/shipped.ts';
import { checkResources } from './check-resources.ts';
import { checkStageMemory, checkStageNetwork } from '../../nas/estimate/network-sizes.ts';
import { STAGE_KEYS } from '../../nas/task/task.ts';

type Asked = Pick<ReadExperiment, 'ask'>;

interface Checked {
  readonly dataset?: StoredDataset;
  readonly errors: readonly InputError[];
}

const unknownDataset = async (
  store: ObjectStore,
  { experiment, place }: LoadedExperiment,
): Promise<InputError> => {
  const name = experiment.task.data;
  const present = (await listDatasets(store)).map(({ manifest }) => manifest.name);
  const addable = KNOWN.filter((one) => one !== SHIPPED_NAME);
  return inputError(
    place(['task', 'data']),
    name,
    `${present.join(', ') || 'nothing yet'} (in the store); ${addable.join(', ')} (by nas data add)`,
    addable.includes(name)
      ? `nas data add ${name}`
      : suggestion(name, [...present, ...addable], 'nas data add takes your own data: --from PATH'),
  );
};

/** The data set that an experiment names, and all that contradicts it. */
const checkStored = async (store: ObjectStore, { ask }: Asked, gpuMemoryMiB?: number): Promise<Checked> => {
  // Where the name itself is wrong or missing there is nothing to look up.
  const [loaded] = ask((one) => (typeof one.experiment.task.data === 'string' ? [one] : []));
  if (loaded === undefined) return { errors: [] };
  const { experiment, place } = loaded;
  const name = experiment.task.data;
  const dataset = /^[\w.-]+$/.test(name) ? await readDataset(store, name) : undefined;
  if (dataset === undefined) return { errors: [await unknownDataset(store, loaded)] };
  const { manifest } = dataset;
  const another = ask((one) => checkTaskOfData(one.experiment, manifest, one.place));
  if (another.length > 0) return { errors: another };
  try {
    const stored = { manifest, counts: await datasetCounts(store, manifest) };
    const errors = [
      ...DATASET_CHECKS.flatMap((check) => ask((one) => check(one.experiment, stored, one.place))),
      ...STAGE_KEYS.flatMap((stage) => ask((one) => checkStageNetwork(stage, one, manifest))),
      ...STAGE_KEYS.flatMap((stage) => ask((one) => checkStageMemory(stage, one, manifest, gpuMemoryMiB))),
    ];
    return { dataset, errors };
  } catch (cause) {
    if (!(cause instanceof CorruptBlobError)) throw cause;
    return {
      errors: [
        inputError(
          place(['task', 'data']),
          name,
          'a data set that is whole',
          `add it anew; nas data verify ${name} says what is wrong with it`,
          { cause },
        ),
      ],
    };
  }
};

/**
 * The experiment's data set, checked against it. Throws one `InputError` that lists all contradictions.
 * `gpuMemoryMiB` is the memory of the largest GPU that jobs may get, where it is known.
 */
export const findDataset = async (
  store: ObjectStore,
  loaded: LoadedExperiment,
  gpuMemoryMiB?: number,
): Promise<StoredDataset> => {
  const asked: Asked = { ask: (check) => [...check(loaded)] };
  const { dataset, errors } = await checkStored(store, asked, gpuMemoryMiB);
  const [first, ...rest] = errors;
  if (first !== undefined) throw inputErrors([first, ...rest]);
  if (dataset === undefined)
    throw new Error(`data set ${loaded.experiment.task.data}: neither found nor refused`);
  return dataset;
};

/** The input errors that a check finds or throws; none where it has nobody to ask. */
const asFarAsReachable = async (
  check: () => Promise<readonly InputError[]>,
): Promise<readonly InputError[]> => {
  try {
    return await check();
  } catch (error) {
    if (error instanceof InputError) return [error];
    if (error instanceof InfrastructureError) return [];
    throw error;
  }
};

/**
 * The experiment that was read. Throws one `InputError` that lists all that is wrong with it by itself, and
 * then, as far as they can be asked, all that contradicts its queue and its data set.
 */
export const loadedOrRefused = async (
  read: ReadExperiment,
  openStore: () => ObjectStore,
  checkQueue: (loaded: LoadedExperiment) => Promise<unknown> = (loaded) =>
    checkResources(useConfig(), loaded),
): Promise<LoadedExperiment> => {
  const [first, ...rest] = read.errors;
  if (first === undefined) return read.loaded();
  const queue = await asFarAsReachable(async () => {
    // All resources are read here, so that none of them is a guess.
    const [loaded] = read.ask((one) => (Object.values(one.experiment.resources).length > 0 ? [one] : []));
    if (loaded !== undefined) await checkQueue(loaded);
    return [];
  });
  const stored = await asFarAsReachable(async () => (await checkStored(openStore(), read)).errors);
  throw inputErrors([first, ...rest, ...queue, ...stored]);
};
