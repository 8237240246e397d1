import type { HostTensor } from '../program.ts';
import type { Tf } from '../graph/tensor.ts';
import type { ImageSource } from '../tasks/images/image-data.ts';
import type { TensorTask } from '../tasks/tensor-task.ts';

/** A data set as programs see it. */
export type ProgramData = ImageSource;

/** What a program is given besides its spec. */
export interface ProgramResources<Data = ProgramData> {
  readonly tf: Tf;
  readonly data: Data;
  /** The tensors at the end of the training whose weights this one starts with, where there is one. */
  readonly inherited?: Readonly<Record<string, HostTensor>>;
}

/** The same with what is learnt of the data. */
export interface LearningResources<Data = ProgramData> extends ProgramResources<Data> {
  readonly task: TensorTask<Data>;
}
