import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inputError } from '../../nas/core/input-error.ts';

/**
 * Writes texts to files by path, in folders made where they are missing. Throws `InputError` naming `option`
 * where it cannot.
 */
export const writeFiles = async (option: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [to, text] of Object.entries(files)) {
    try {
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, text);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw inputError(option, to, 'a place that can be written', `choose another: ${reason}`, { cause });
    }
  }
};
