import { closeSync, fstatSync, openSync, readSync, constants } from 'node:fs';
import { decodeText } from '../nas/core/decode-text.ts';
import { infrastructureError } from '../nas/core/infrastructure-error.ts';
import { inputError } from '../nas/core/input-error.ts';

/** What the reader of a file expects. */
interface ExpectedFile {
  /** What named it, for messages: `experiment`, `--trace`. */
  readonly field: string;
  /** `a YAML file`. */
  readonly what: string;
  readonly fix: string;
  /** Bytes at most: nobody writes a longer one by hand. */
  readonly limit?: number;
}

const LIMIT = 2 ** 20;
/** Faults of the machine; other refusals to open a file are about its name. */
const MACHINE_FAULTS = ['EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE'];
/** Pipes that a shell has opened for reading: `<(command)`. */
const SHELL_PIPE = /^\/(dev\/(stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

/** Up to one byte more than the limit. */
const readUpTo = (descriptor: number, limit: number): Uint8Array => {
  const buffer = new Uint8Array(limit + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
};

/**
 * The text of a file that the user named. Throws `InputError` where it is no readable file, too long or no
 * UTF-8; nothing is waited for: a pipe that nobody writes to is refused. Throws `InfrastructureError` where
 * the disk fails.
 */
export const readTextFile = (file: string, { field, what, fix, limit = LIMIT }: ExpectedFile): string => {
  const refused = (why: string): Error => inputError(field, file, `${what}; ${why}`, fix);
  const given = SHELL_PIPE.test(file)
    ? Number(file === '/dev/stdin' ? 0 : file.slice(file.lastIndexOf('/') + 1))
    : undefined;
  let descriptor: number | undefined;
  try {
    // What the shell has opened is read as it is: opening it anew would wait for another writer.
    if (given === undefined) descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const open = given ?? (descriptor as number);
    const found = fstatSync(open);
    if (found.isDirectory()) throw refused('this is a folder');
    if (!found.isFile() && given === undefined)
      throw refused(found.isFIFO() ? 'this is a pipe' : 'this is a device');
    const bytes = readUpTo(open, limit);
    if (bytes.length > limit) throw refused(`this is longer than ${limit} bytes`);
    return decodeText(bytes, file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !(error instanceof Error)) throw error;
    if (MACHINE_FAULTS.includes(code))
      throw infrastructureError(`${file} cannot be read: ${message}`, 'check the disk, then try again', {
        cause: error,
      });
    throw refused(code === 'ENOENT' ? 'there is no such file (ENOENT)' : `this cannot be read (${code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
