import type { SplitName } from '../../task/images/manifest.ts';
import type { InMemoryDataset } from '../../task/images/dataset.ts';
import type { StreamedDataset } from '../../task/images/streamed-dataset.ts';
import type { HostTensor } from '../program.ts';
import type { Tf } from '../graph/tensor.ts';

/** A data set as programs see it; the images of a split are loaded when it is opened. */
export interface ProgramData {
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly counts: Readonly<Record<SplitName, number>>;
  /** The test split is opened by the programs of stage 3 alone, when training is over. */
  open(split: SplitName): Promise<InMemoryDataset>;
  /** The same without holding the images in memory; present where the data set consists of image files. */
  stream?(split: SplitName): Promise<StreamedDataset>;
}

/** What a program is given besides its spec. */
export interface ProgramResources {
  readonly tf: Tf;
  readonly data: ProgramData;
  /** The tensors at the end of the training whose weights this one starts with, where there is one. */
  readonly inherited?: Readonly<Record<string, HostTensor>>;
}
