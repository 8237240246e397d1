import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** SHA-256 of each history of the releases, by file name. */
export const frozenHistories = (): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith('.sha256'))
      .flatMap((manifest) => readFileSync(`${FOLDER}/${manifest}`, 'utf8').trimEnd().split('\n'))
      .map((line) => {
        const [sum = '', file = ''] = line.split('  ');
        return [file, sum] as const;
      }),
  );

/** Whether the histories of this version can no longer change. */
export const isFrozen = (version: string): boolean => existsSync(`${FOLDER}/${version}.sha256`);
