import { fileURLToPath } from 'node:url';
import { sha256 } from '../../nas/core/hash.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { corpusOf, type Corpus } from '../../nas/task/text/corpus.ts';
import { TEXT_SPLITS, type TextManifest } from '../../nas/task/text/manifest.ts';
import { readDataset, type StoredDataset, type WrittenDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { writeText } from '../../store/text-datasets.ts';
import { table } from '../runs/format.ts';
import type { AddOptions, Importer } from './importer.ts';
import { importText, parseShares, type ImportedTexts } from './import-text.ts';
import { OPTICKS, TEXTS, type TextEntry } from './text-catalogue.ts';

export interface TextOptions extends AddOptions {
  /** Of one file: percent of its lines for training, validation and testing, `80/10/10`. */
  readonly split?: string;
  /** Types that are kept, the most frequent ones; the others become `<unk>`. */
  readonly vocabulary?: number;
}

type Facts = Pick<TextManifest, 'source' | 'licence' | 'verified'>;

const OPTICKS_FOLDER = fileURLToPath(new URL('../../data/opticks/', import.meta.url));

const knownText = (name: string): TextEntry | undefined =>
  Object.hasOwn(TEXTS, name) ? TEXTS[name as keyof typeof TEXTS] : undefined;

const countsText = ({ tokens, types }: Pick<TextEntry, 'tokens' | 'types'>): string =>
  `${TEXT_SPLITS.map((split) => tokens[split]).join(' / ')} tokens, ${types} types`;

const countsOf = ({ splits, vocabulary }: Corpus): Pick<TextEntry, 'tokens' | 'types'> => ({
  tokens: { train: splits.train.length, validation: splits.validation.length, test: splits.test.length },
  types: vocabulary.length,
});

/** How far the counts say that a text is the known one. */
const verifiedBy = (entry: TextEntry, corpus: Corpus): string => {
  const [actual, published] = [countsOf(corpus), entry].map(countsText);
  return actual === published
    ? 'numbers of tokens and types, which are the published ones'
    : `nothing: published are ${published}`;
};

/** The shipped text, its files checked. */
const importOpticks = async (): Promise<ImportedTexts> => {
  const imported = await importText(OPTICKS_FOLDER, undefined);
  for (const split of TEXT_SPLITS)
    if (sha256(imported.texts[split]) !== OPTICKS.sha256[split])
      throw inputError(
        OPTICKS.name,
        split,
        `the text with sha256 ${OPTICKS.sha256[split]}`,
        'its file in data/opticks is damaged: install the product again',
      );
  return imported;
};

const read = async (dataset: string, { from, split }: TextOptions): Promise<ImportedTexts> => {
  if (from === undefined) {
    if (dataset === OPTICKS.name) return importOpticks();
    throw inputError(
      '--from',
      null,
      'a folder with the text in three parts, or one file',
      `only ${OPTICKS.name} ships with the product: nas data add ${dataset} --from PATH`,
    );
  }
  if (dataset === OPTICKS.name)
    throw inputError(
      '--from',
      from,
      `left out: ${OPTICKS.name} ships with the product`,
      `add another text under its own name: nas data add text --from ${from} --name NAME`,
    );
  return importText(from, split === undefined ? undefined : parseShares(split));
};

const factsOf = (dataset: string, { from, vocabulary }: TextOptions, corpus: Corpus): Facts => {
  const kept = vocabulary === undefined ? '' : `; the ${vocabulary} most frequent types`;
  if (dataset === OPTICKS.name)
    return {
      source: `${OPTICKS.source}${kept}`,
      licence: OPTICKS.licence,
      verified: 'sha256 of each file',
    };
  const entry = knownText(dataset);
  if (entry === undefined) return { source: `${from}${kept}`, licence: 'not stated', verified: 'UTF-8 text' };
  return {
    source: `${entry.source}${kept}`,
    licence: entry.licence,
    verified: vocabulary === undefined ? verifiedBy(entry, corpus) : 'UTF-8 text',
  };
};

/**
 * Imports a text, numbers its tokens, and writes it to the store under a name. Throws `InputError` for a bad
 * path, damaged text, or more types than can be.
 */
export const addText = async (
  store: ObjectStore,
  dataset: string,
  name: string,
  options: TextOptions = {},
): Promise<WrittenDataset<TextManifest> & { readonly remarks: readonly string[] }> => {
  const { vocabulary, onProgress } = options;
  const isKnown = dataset === OPTICKS.name || knownText(dataset) !== undefined;
  if (vocabulary !== undefined && isKnown && name === dataset)
    throw inputError(
      '--vocabulary',
      vocabulary,
      `left out for ${dataset} itself`,
      `give the data set with fewer types a name of its own: --name ${dataset}-${vocabulary}`,
    );
  const { texts, remarks } = await read(dataset, options);
  onProgress?.('counting tokens');
  const corpus = corpusOf(texts, vocabulary);
  const facts = factsOf(dataset, options, corpus);
  const written = await writeText(store, name, corpus, facts);
  return {
    ...written,
    remarks: [...remarks, ...(facts.verified.startsWith('nothing') ? [`checked by ${facts.verified}`] : [])],
  };
};

/** Puts the shipped text into the store unless it is there. Set-up calls this; it is safe to repeat. */
export const seedShippedText = async (store: ObjectStore): Promise<WrittenDataset<TextManifest>> => {
  const present = await readDataset(store, OPTICKS.name);
  // A name that is reserved holds this text.
  if (present !== undefined) return { ...(present as StoredDataset<TextManifest>), created: false };
  return addText(store, OPTICKS.name, OPTICKS.name);
};

const splitsTable = ({ splits, baselines }: TextManifest): string =>
  table([
    ['split', 'lines', 'tokens', 'of unseen types', 'unigram', 'bigram'],
    ...TEXT_SPLITS.map((split) => {
      const { lines, count } = splits[split];
      const counts = [split, `${lines}`, `${count}`];
      if (split === 'train') return [...counts, '', '', ''];
      const { unseen, unigram, bigram } = baselines[split];
      return [...counts, `${unseen}`, unigram.toFixed(1), bigram.toFixed(1)];
    }),
  ]);

/** Texts, whose next word is learnt. */
export const texts: Importer<TextOptions> = {
  known: [OPTICKS.name, ...Object.keys(TEXTS)],
  own: 'text',
  ownIsName: true,
  from: 'a text',
  options: ['split', 'vocabulary'],
  add: async (store, dataset, name, options) => {
    const { remarks, ...written } = await addText(store, dataset, name, options);
    const { vocabulary } = written.manifest;
    return {
      ...written,
      text: [
        `${vocabulary.size} types; perplexities of a unigram and a bigram model of the training text`,
        splitsTable(written.manifest),
        ...remarks,
      ].join('\n'),
      document: { splits: written.manifest.splits, remarks },
    };
  },
};
