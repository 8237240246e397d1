/**
 * Makes the shipped text from Newton's Opticks, as it is in every distribution of Go:
 *
 * node scripts/run.mjs scripts/data/make-opticks.ts GOROOT/src/testdata/Isaac.Newton-Opticks.txt data/opticks
 *
 * One sentence a line, in lower case, words of letters alone, numbers as N. The first 80 % of the sentences
 * are for training, the next 10 % for validation, the last 10 % for testing.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../nas/core/hash.ts';

const ORIGIN = 'd4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd';

/** Headings and numerals that stand alone are no sentences. */
const LEAST_WORDS = 3;

/** A sentence ends where white space and a capital letter follow its sign; underscores mark italics. */
const sentencesOf = (text: string): readonly string[] =>
  text.replaceAll('_', '').split(/(?<=[.!?])\s+(?=[A-Z])/);

/** Words of Latin letters; numbers with their points, commas, fractions and dashes are one N each. */
const wordsOf = (sentence: string): readonly string[] =>
  sentence
    .toLowerCase()
    .replace(/\d+(?:[-.,/]\d+)*/g, 'N')
    .match(/[a-zN]+/g) ?? [];

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined)
  throw new Error('usage: make-opticks.ts ISAAC_NEWTON_OPTICKS_TXT TARGET_FOLDER');

const bytes = await readFile(from);
if (sha256(bytes) !== ORIGIN) throw new Error(`${from}: sha256 ${sha256(bytes)}, expected ${ORIGIN}`);

const sentences = sentencesOf(bytes.toString('utf8'))
  .map(wordsOf)
  .filter((words) => words.length >= LEAST_WORDS);
const cut = (share: number): number => Math.floor((sentences.length * share) / 10);

await mkdir(to, { recursive: true });
const sums: string[] = [];
for (const [part, begin, end] of [
  ['train', 0, cut(8)],
  ['valid', cut(8), cut(9)],
  ['test', cut(9), sentences.length],
] as const) {
  const text = sentences
    .slice(begin, end)
    .map((words) => `${words.join(' ')}\n`)
    .join('');
  const packed = gzipSync(text, { level: 9, memLevel: 9 });
  await writeFile(join(to, `${part}.txt.gz`), packed);
  sums.push(`${sha256(packed)}  ${part}.txt.gz`);
  console.log(`${sha256(text)}  ${part}.txt (uncompressed), ${packed.length} bytes compressed`);
}
await writeFile(join(to, 'SHA256SUMS'), `${sums.join('\n')}\n`);
