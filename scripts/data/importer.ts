import type { WrittenDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** What every importer may be asked. */
export interface AddOptions {
  /** A local path in place of a download. */
  readonly from?: string;
  /** What is going on, with progress where it is known. */
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

/** A data set in the store, and what became of everything that it is from. */
export interface AddedDataset extends WrittenDataset {
  /** What is printed of it below the first line. */
  readonly text: string;
  /** The same for programs: further fields of the JSON document. */
  readonly document: object;
}

/**
 * A form in which data come, and how it gets into the store: `nas data add` knows those of `importers.ts`.
 */
export interface Importer<Options extends AddOptions = AddOptions> {
  /** Data sets that it knows by name. */
  readonly known: readonly string[];
  /** The name under which it takes whatever the user has. */
  readonly own: string;
  /** Whether that is also a data set's name, where none is given. */
  readonly ownIsName?: true;
  /** What `--from` names then, for messages: `a folder of images`. */
  readonly from: string;
  /** Options of the command that it reads, beside `--from` and `--name`. */
  readonly options: readonly (keyof Options & string)[];
  /**
   * Imports a data set, checks it, and writes it to the store under a name, once. Throws `InputError` for a
   * bad path or damaged data; `InfrastructureError` where official files cannot be downloaded.
   */
  add(store: ObjectStore, dataset: string, name: string, options: Options): Promise<AddedDataset>;
}
