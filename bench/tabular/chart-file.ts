import { closeSync, lstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { inputError } from '../../nas/core/input-error.ts';

const refuse = (option: string, file: string, cause: unknown) =>
  inputError(
    option,
    file,
    'a file that can be written, in a folder that exists',
    `choose another: ${(cause as Error).message}`,
    { cause },
  );

/** Throws `InputError` where a chart could not be written to the file. Leaves nothing there. */
export const checkChartFile = (option: string, file: string): void => {
  if (!/[^/]\.svg$/i.test(file))
    throw inputError(option, file, 'names that end in .svg', 'name the file by what it will hold');
  try {
    const present = lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    closeSync(openSync(file, 'a'));
    if (!present) rmSync(file);
  } catch (cause) {
    throw refuse(option, file, cause);
  }
};

/** Throws `InputError` where the place was lost since it was checked. */
export const writeChartFile = (option: string, file: string, svg: string): void => {
  try {
    writeFileSync(file, svg);
  } catch (cause) {
    throw refuse(option, file, cause);
  }
};
