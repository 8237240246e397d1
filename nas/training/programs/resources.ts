import type { HostTensor } from '../program.ts';
import type { Tf } from '../graph/tensor.ts';
import type { TensorTask } from '../tasks/tensor-task.ts';

/** What a program is given besides its spec. */
export interface ProgramResources {
  readonly tf: Tf;
  /** The data set as its task has loaded it. */
  readonly data: unknown;
  /** The tensors at the end of the training whose weights this one starts with, where there is one. */
  readonly inherited?: Readonly<Record<string, HostTensor>>;
}

/** The same with what is learnt of the data. */
export interface LearningResources extends ProgramResources {
  readonly task: TensorTask;
}
