import { inputError } from '../../core/input-error.ts';
import { integer } from '../../core/number-text.ts';
import type { InputError } from '../../core/input-error.ts';
import type { AskedOfData, Task, TaskTypes } from '../task.ts';
import { fitsColumns } from './columns.ts';
import { textCuts } from './cuts.ts';
import { TEXT_SPLITS, textHash, textManifestSchema, type TextManifest, type TextSplit } from './manifest.ts';
import { referencePerplexity } from './perplexity.ts';
import { textStages, type TextNetworkSize, type TextRecipe } from './recipe.ts';
import { verifyText } from './verify-text.ts';

export interface TextTypes extends TaskTypes {
  readonly section: Record<never, unknown>;
  readonly network: TextNetworkSize;
  readonly recipe: TextRecipe;
  readonly augmentation: undefined;
  readonly manifest: TextManifest;
}

/** Columns that a stage cuts each split into. */
const columnsIn = (
  name: AskedOfData['stages'][number]['name'],
  { batchSize, evaluationBatchSize }: TextRecipe,
): readonly (readonly [split: TextSplit, field: 'batchSize' | 'evaluationBatchSize', batch: number])[] => [
  ['train', 'batchSize', batchSize],
  // Architecture weights learn from the validation text, in as many columns.
  ...(name === 'search' ? ([['validation', 'batchSize', batchSize]] as const) : []),
  ['validation', 'evaluationBatchSize', evaluationBatchSize],
];

function* checkColumns(
  { name, splits }: TextManifest,
  { stages, place }: AskedOfData<TextTypes>,
): Generator<InputError> {
  for (const stage of stages) {
    const short = columnsIn(stage.name, stage.recipe).find(
      ([split, , batch]) => !fitsColumns(splits[split].count, batch),
    );
    if (short === undefined) continue;
    const [split, field, batch] = short;
    const tokens = splits[split].count;
    yield inputError(
      place(['stages', stage.name, 'recipe', field]),
      batch,
      `at most ${Math.floor(tokens / 2)}: the ${split} text of ${name} has ${integer(tokens)} tokens, and a column needs 2`,
      'use fewer columns, or a longer text',
    );
  }
}

/** The text that the literature counts on, as far as sizes and costs depend on it. */
const PENN_TREEBANK: TextManifest = {
  ...{ version: 1, task: 'language-modelling', name: 'ptb' },
  ...{ source: '', licence: '', verified: '', sha256: '' },
  vocabulary: { blob: { sha256: '', bytes: 0 }, size: 10_000 },
  splits: {
    train: { count: 929_589, lines: 42_068, shards: [] },
    validation: { count: 73_760, lines: 3370, shards: [] },
    test: { count: 82_430, lines: 3761, shards: [] },
  },
  baselines: {
    validation: { unigram: 687, bigram: 201.02, unseen: 0 },
    test: { unigram: 639.3, bigram: 186.47, unseen: 0 },
  },
};

const perplexities = ({ unigram, bigram }: TextManifest['baselines']['test']): string =>
  `${unigram.toFixed(1)} of a unigram model, ${bigram.toFixed(1)} of a bigram model`;

/** The next word of a text, by its perplexity; every data set has its own validation text. */
export const languageModelling: Task<TextTypes> = {
  section: {},
  stages: textStages,
  manifest: textManifestSchema,
  contentHash: textHash,
  blobs: ({ vocabulary, splits }) => ({
    vocabulary: [vocabulary.blob],
    ...Object.fromEntries(TEXT_SPLITS.map((split) => [split, splits[split].shards.map(({ blob }) => blob)])),
  }),
  verify: verifyText,
  listed: ({ vocabulary, baselines }) => ({
    fields: { types: vocabulary.size, baselines },
    text: `${vocabulary.size} types, bigram ${baselines.validation.bigram.toFixed(1)}`,
  }),
  reported: ({ counts, vocabulary, baselines: { validation, test } }) => [
    [
      'tokens',
      `${integer(counts.train)} training, ${integer(counts.validation ?? 0)} validation, ${integer(counts.test)} test, ` +
        `${integer(vocabulary.size)} types`,
    ],
    ['validation perplexity', perplexities(validation)],
    ['test perplexity', perplexities(test)],
  ],
  examples: ({ vocabulary }) => `tokens of ${integer(vocabulary.size)} types`,
  sizeText: ({ embedding, layers }) =>
    layers === 1 ? `${embedding} units` : `${layers} layers of ${embedding} units`,
  counted: { data: PENN_TREEBANK, size: textStages.evaluate.network.parse({}) },
  stepExamples: ({ batchSize, bptt }) => batchSize * bptt,
  heldBytes: ({ splits }) => 2 * (splits.train.count + splits.validation.count),
  cuts: ({ splits }, { recipe, seed }) =>
    textCuts(
      { train: splits.train.count, validation: splits.validation.count, test: splits.test.count },
      recipe,
      seed,
    ),
  // The learning rate of averaged SGD asks the validation text after each epoch (Merity et al. 2018, §3).
  training: { finalPart: 'train', validateEvery: 1 },
  parts: ({ splits }) => ({ train: splits.train.count, validation: splits.validation.count }),
  splitText: () => 'the validation text of the data set',
  otherwise: {
    rule: 'Divided by all rows of the text, as the programs of DARTS and AWD-LSTM do, though the first is not predicted',
    value: (score, { counts }) => referencePerplexity(-score, counts.test),
  },
  resized: (network) => network,
  checkSplit: () => [],
  check: checkColumns,
};
