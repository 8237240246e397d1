import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sha256 } from '../../nas/core/hash.ts';
import { FOLDER, frozenHistories } from './frozen.ts';

const frozen = [...frozenHistories()];

it('freezes the histories of release 0.1.0', () => {
  expect(frozen.filter(([file]) => file.startsWith('0.1.0-'))).toHaveLength(47);
});

it.each(frozen)('%s is as it was released', (file, sum) => {
  expect(existsSync(`${FOLDER}/${file}`), 'a released history is kept for ever').toBe(true);
  expect(sha256(readFileSync(`${FOLDER}/${file}`))).toBe(sum);
});
