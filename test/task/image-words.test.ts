import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EXCEPTIONS } from './image-words.ts';

const ROOMS = ['activities', 'nas', 'scripts', 'workflows'];

/** Image classification's own files: what they say is their business. */
const OWN =
  /^(nas\/task\/images|nas\/training\/(layers|networks|supernets|tasks\/images)|scripts\/(data|golden))\//;

/**
 * Names of fields in documents, histories and checkpoints, which stay (docs/adr/007), the outcome of a
 * container's image, and the task's own name.
 */
const WIRE =
  /\b(?:train|validation|test|best|NasBest)Accuracy(?:Key)?\b|(?<=[{,.(\s])(?:accuracy|images)(?=[:,});]| \}| [=+*-])|image-error|'image-classification'/g;

/** The code of a file without its comments and imports, in which names of files stand. */
const codeOf = (path: string): string =>
  readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replace(/^import [\s\S]*?;$/gm, '')
    .replace(WIRE, '');

/** Image, accuracy, and classes of examples; a class of JavaScript is none. */
const WORDS = /image|accurac|\bclasses\b/i;

const speaking = ROOMS.flatMap((room) =>
  readdirSync(room, { recursive: true, encoding: 'utf8' })
    .map((path) => `${room}/${path}`)
    .filter((path) => path.endsWith('.ts') && !OWN.test(path) && WORDS.test(codeOf(path))),
).sort();

it('no further file speaks of images, classes or accuracy: the task and its metric have the words', () => {
  expect(speaking.filter((path) => !EXCEPTIONS.includes(path))).toEqual([]);
});

it('what speaks of them no longer is off the list', () => {
  expect(EXCEPTIONS.filter((path) => !speaking.includes(path))).toEqual([]);
});
