import type { ContentRef } from '../core/blob.ts';
import type { TaskKind } from './terms.ts';

/** What every data set's manifest says, whatever it consists of; the rest is the business of its task. */
export interface DatasetManifest {
  readonly version: 1;
  /** What is learnt of it; absent for the default task, as in manifests of before there were others. */
  readonly task?: TaskKind;
  readonly name: string;
  /** Examples of each split; `validation` where the data set has one of its own beside `train`. */
  readonly splits: {
    readonly train: { readonly count: number };
    readonly validation?: { readonly count: number };
    readonly test: { readonly count: number };
  };
  /** Of its content alone: equal data have equal hashes wherever they are stored. */
  readonly sha256: string;
  readonly source: string;
  readonly licence: string;
  /** How the origin was checked, e.g. `md5 of the official archive`. */
  readonly verified: string;
}

/** Bytes of a blob that a manifest names. */
export type FetchBlob = (ref: ContentRef) => Promise<Uint8Array>;
