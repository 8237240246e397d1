import type { z } from 'zod';
import type { ContentRef } from '../core/blob.ts';
import type { InputError } from '../core/input-error.ts';
import type { Cuts } from '../core/cut.ts';
import type { Json } from '../core/json.ts';
import type { Place } from '../core/place.ts';
import type { DatasetManifest, FetchBlob } from './manifest.ts';
import type { Recipe } from './recipe.ts';

export const STAGE_KEYS = ['search', 'retrain', 'evaluate'] as const;
/** A stage of an experiment, as its document names it. */
export type StageKey = (typeof STAGE_KEYS)[number];

/** Fields that only their task can read; everybody else hands them on. */
type OwnFields = Readonly<Record<string, unknown>>;

/** The types of what a task says for itself in experiments, jobs and data sets. */
export interface TaskTypes {
  /** Fields of the experiment's section `task` beside its kind and data set. */
  readonly section: OwnFields;
  /** How large a network is. */
  readonly network: OwnFields;
  readonly recipe: Recipe;
  /** How training data are varied; `undefined` where they never are. */
  readonly augmentation: OwnFields | undefined;
  readonly manifest: DatasetManifest;
  /** What is counted of the examples themselves. */
  readonly counts: unknown;
}

export type NetworkSize = TaskTypes['network'];
export type Augmentation = TaskTypes['augmentation'];

/** Schemas of what a stage says of the networks that it trains, with the defaults of that stage. */
export interface StageSchemas<Of extends TaskTypes = TaskTypes> {
  readonly network: z.ZodType<Of['network']>;
  readonly recipe: z.ZodType<Of['recipe']>;
  /** Absent where training data are not varied. */
  readonly augmentation?: z.ZodType<NonNullable<Of['augmentation']>>;
}

/** What an experiment asks of its data, as far as a task's checks read it. */
export interface AskedOfData<Of extends TaskTypes = TaskTypes> {
  readonly section: Of['section'];
  /** Stages that train something. */
  readonly stages: readonly {
    readonly name: StageKey;
    readonly network: Of['network'];
    readonly recipe: Of['recipe'];
    readonly augmentation: Of['augmentation'];
  }[];
  /** Stage 1 trains networks, and holds its data in memory meanwhile. */
  readonly searches: boolean;
  readonly memoryMiB: number;
  /** Where a field stands in the experiment's document. */
  readonly place: Place;
}

/** What decides how the minibatches of a program are cut. */
export interface CutProgram<Of extends TaskTypes = TaskTypes> {
  readonly recipe: Of['recipe'];
  /** The section's fields among others. */
  readonly data: Of['section'];
  readonly seed: number;
}

/** Examples of the data that networks are trained and chosen by. */
export interface TrainingParts {
  readonly train: number;
  readonly validation: number;
}

/** A data set as reports keep it. */
export type ReportedData<Of extends TaskTypes = TaskTypes> = Omit<Of['manifest'], 'version' | 'splits'> & {
  readonly counts: { readonly train: number; readonly validation?: number; readonly test: number };
};

/** Its counts stand in place of its splits. */
export const reportedData = ({ splits, version: _, ...facts }: DatasetManifest): ReportedData => ({
  ...facts,
  counts: {
    train: splits.train.count,
    ...(splits.validation === undefined ? {} : { validation: splits.validation.count }),
    test: splits.test.count,
  },
});

/**
 * The pure half of a task: what experiments and the store must know of what is learnt; its tensor half is in
 * `nas/training/tasks`.
 */
export interface Task<Of extends TaskTypes = TaskTypes> {
  /** Schemas of the fields of the experiment's section `task` beside its kind and data set. */
  readonly section: { readonly [Field in keyof Of['section']]: z.ZodType };
  readonly stages: Readonly<Record<StageKey, StageSchemas<Of>>>;

  readonly manifest: z.ZodType<Of['manifest']>;
  /** The hash that the manifest of that content states. */
  contentHash(data: Of['manifest']): string;
  /** Everything that holds a data set, by split. */
  blobs(data: Of['manifest']): Readonly<Record<string, readonly ContentRef[]>>;
  /** What is wrong with the content of blobs that are whole; nothing if all is well. */
  verify(data: Of['manifest'], fetchBlob: FetchBlob): Promise<readonly string[]>;
  /** What lists of data sets say of it: further fields of their document, and in few words. */
  listed(data: Of['manifest']): { readonly fields: Readonly<Record<string, Json>>; readonly text: string };
  /** What a report's table says of it. */
  reported(data: ReportedData<Of>): readonly (readonly [what: string, value: string])[];
  /** Its examples in a message: `28 × 28 × 1 images`. */
  examples(data: Of['manifest']): string;
  /** The size of a network in a message: `16 channels and 8 layers`. */
  sizeText(network: Of['network']): string;
  /** What a network is counted on, and how large it is, where no run says so. */
  readonly counted: {
    /** The data set that the literature counts on, without its content. */
    readonly data: Of['manifest'];
    /** Fields that the network's space may say better (`publishedSize`). */
    readonly size: Of['network'];
  };
  /** Examples that a training step takes, as a rule. */
  stepExamples(recipe: Of['recipe']): number;
  /** Bytes of the data set that a job holds from its first step on. */
  heldBytes(data: Of['manifest']): number;
  /**
   * What is counted of the examples themselves, where a check of the split asks; kept beside the manifest.
   */
  readonly counts?: {
    readonly schema: z.ZodType<Of['counts']>;
    of(data: Of['manifest'], fetchBlob: FetchBlob): Promise<Of['counts']>;
  };

  /** How a program's minibatches are cut. */
  cuts(data: Of['manifest'], program: CutProgram<Of>): Cuts;
  /**
   * How stages 2 and 3 train a network: on what stage 3 does, and how often the validation part is evaluated
   * meanwhile; absent: as often as a curve has points, and never in stage 3.
   */
  readonly training: {
    readonly finalPart: 'train' | 'train+validation';
    readonly validateEvery?: number;
  };
  /** Examples of each part of the training data, by a split that `checkSplit` has nothing against. */
  parts(data: Of['manifest'], section: Of['section']): TrainingParts;
  /** The split in words, for reports, which may know no more than the data set's name. */
  splitText(section: Of['section'], data?: ReportedData<Of>): string;
  /** A test score as the literature's programs print it, where they count otherwise. */
  readonly otherwise?: {
    /** How they count: `divided by all rows, as …`. */
    readonly rule: string;
    value(score: number, data: ReportedData<Of>): number;
  };
  /** The size that a network of another data set is given on this one. */
  resized(network: Of['network'], data: Of['manifest']): Of['network'];
  /** Why no job could make the split. */
  checkSplit(data: Of['manifest'], asked: AskedOfData<Of>, counts?: Of['counts']): Iterable<InputError>;
  /** Everything else that contradicts the data. */
  check(data: Of['manifest'], asked: AskedOfData<Of>): Iterable<InputError>;
}
