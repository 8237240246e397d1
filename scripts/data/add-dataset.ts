import { inputError } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { ADDABLE_BENCHMARKS } from './add-benchmark.ts';
import { checkNewName } from './new-name.ts';
import type { AddedDataset, AddOptions, Importer } from './importer.ts';
import { IMPORTERS } from './importers.ts';

/** Data sets that are known by name. */
export const KNOWN: readonly string[] = IMPORTERS.flatMap(({ known }) => known);
const ADDABLE: readonly string[] = [...KNOWN, ...IMPORTERS.map(({ own }) => own)];

/** With a path, any name that is not taken is that of the user's own data. */
const importerOf = (dataset: string, from: string | undefined): Importer => {
  const named = IMPORTERS.find(({ known, own }) => own === dataset || known.includes(dataset));
  const [first] = IMPORTERS;
  const importer = named ?? (from === undefined ? undefined : first);
  if (importer !== undefined) return importer;
  const names = [...ADDABLE, ...ADDABLE_BENCHMARKS];
  throw inputError(
    'data set',
    dataset,
    names.join(', '),
    suggestion(dataset, names, `nas data add NAME --from FOLDER takes your own images`),
  );
};

const checkName = (dataset: string, name: string): void => {
  checkNewName(name);
  const isOwn = (word: string): boolean =>
    IMPORTERS.some(({ own, ownIsName = false }) => own === word && !(ownIsName && own === dataset));
  if (isOwn(name) || (name !== dataset && KNOWN.includes(name)))
    throw inputError(
      '--name',
      name,
      `a name of your own, none of ${ADDABLE.join(', ')}`,
      'choose another name',
    );
};

/** Options that say something of another form of data. */
const checkOptions = (importer: Importer, options: AddOptions): void => {
  const { from: _, onProgress: _shown, ...rest } = options;
  for (const [option, value] of Object.entries(rest))
    if (value !== undefined && !(importer.options as readonly string[]).includes(option))
      throw inputError(
        `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        value,
        `left out: it says nothing of ${importer.from}`,
        'leave the option out',
      );
};

/**
 * `nas data add`: imports a data set, checks it, and writes it to the store once. Throws `InputError` for an
 * unknown name (suggesting the nearest), a bad path, or damaged data; `InfrastructureError` where official
 * files cannot be downloaded.
 */
export const addDataset = async (
  store: ObjectStore,
  dataset: string,
  { name = dataset, ...options }: AddOptions & { readonly name?: string } = {},
): Promise<AddedDataset> => {
  const importer = importerOf(dataset, options.from);
  checkName(dataset, name);
  checkOptions(importer, options);
  return importer.add(store, dataset, name, options);
};
