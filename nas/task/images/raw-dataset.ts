import type { EqualCounts } from './equal-images.ts';
import type { ImageSet } from './image-set.ts';

/** What an importer hands to the store: a whole data set in memory with its provenance. */
export interface RawDataset {
  readonly classes: readonly string[];
  readonly train: ImageSet;
  readonly test: ImageSet;
  /**
   * So many images at the end of `train` are the validation split that the origin gives; absent: it gives
   * none.
   */
  readonly givenValidation?: number;
  /** Images of the same pixels; absent where nobody counted. */
  readonly equalImages?: EqualCounts;
  readonly source: string;
  readonly licence: string;
  /** How the origin was checked. */
  readonly verified: string;
}

/** A split of image files that is read one file at a time. */
export interface FileSplit {
  /** [N], indices into the class list. */
  readonly labels: readonly number[];
  /** The bytes of image `index`, whole and decodable. */
  read(index: number): Promise<Uint8Array>;
}

/** What an importer hands to the store of a data set that need not fit into memory. */
export interface FileDataset extends Omit<RawDataset, 'train' | 'test' | 'equalImages'> {
  /** What images are decoded to. */
  readonly shape: readonly [size: number, size: number, channels: 1 | 3];
  readonly train: FileSplit;
  readonly test: FileSplit;
  /** Of the training images, decoded as for evaluation; known once all have been read. */
  normalisation(): { readonly mean: number[]; readonly std: number[] };
  /** Images of the same pixels; known once all have been read. */
  equalImages(): EqualCounts;
}
