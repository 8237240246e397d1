import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inputError } from '../../nas/core/input-error.ts';

/** Whether the user's path is a file or a folder. Throws InputError where it is neither or cannot be read. */
export const kindOfPath = async (path: string): Promise<'file' | 'folder'> => {
  const found = await stat(path).catch((cause: Error) => {
    throw inputError('--from', path, 'a file or folder that exists', 'check the path', { cause });
  });
  return found.isDirectory() ? 'folder' : 'file';
};

export interface Entry {
  readonly name: string;
  /** Of what a link leads to; `broken link` where that is nothing, `other` for pipes, sockets and devices. */
  readonly kind: 'file' | 'folder' | 'broken link' | 'unreadable' | 'other';
  readonly isLink: boolean;
}

const kindOf = async (path: string): Promise<Entry['kind']> => {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'unreadable' : 'broken link';
  }
};

/**
 * A folder's entries, hidden ones too, in the order of their names' code units: the same on every machine.
 */
export const allEntriesOf = async (folder: string): Promise<Entry[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw inputError('--from', folder, 'a folder that can be read', `make it readable: ${cause.message}`, {
      cause,
    });
  });
  const kinds: Entry[] = [];
  for (const entry of entries)
    kinds.push({
      name: entry.name,
      isLink: entry.isSymbolicLink(),
      kind: entry.isFile()
        ? 'file'
        : entry.isDirectory()
          ? 'folder'
          : // Links, and entries of file systems that do not tell their types.
            await kindOf(join(folder, entry.name)),
    });
  return kinds.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
};

/** Those that are not hidden. */
export const entriesOf = async (folder: string): Promise<Entry[]> =>
  (await allEntriesOf(folder)).filter(({ name }) => !name.startsWith('.'));
