import { infrastructureError } from '../nas/core/infrastructure-error.ts';

const ANOTHER_FOLDER = 'or set NAS_HOME to another folder';
const NOT_WRITABLE = `make it yours and writable, ${ANOTHER_FOLDER}`;
const IN_THE_WAY = `move what is there out of the way, ${ANOTHER_FOLDER}`;
const NO_SPACE = `free space on that disk, ${ANOTHER_FOLDER}`;

/** What to do about the refusals of a file system, by errno. */
const FIXES: Readonly<Record<string, string>> = {
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EIO: `check the disk, ${ANOTHER_FOLDER}`,
  ESTALE: `mount the file system anew, ${ANOTHER_FOLDER}`,
  EMFILE: 'raise the limit of open files: ulimit -n 65536',
  ENFILE: 'close programs that hold many files open',
  ENOENT: `mend the link or name a folder that can be made, ${ANOTHER_FOLDER}`,
  ENOTDIR: IN_THE_WAY,
  EISDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  ENAMETOOLONG: `choose a shorter name, ${ANOTHER_FOLDER}`,
  ELOOP: `remove the link that leads to itself, ${ANOTHER_FOLDER}`,
};

/**
 * Is this very error a refusal of a file system that has nothing to do with what the user wrote into a file?
 */
export const isMachineFault = (error: Error): error is NodeJS.ErrnoException & { readonly code: string } =>
  'syscall' in error &&
  'code' in error &&
  typeof error.code === 'string' &&
  // A file that is not there is what the user named; a folder that cannot be made is not.
  Object.hasOwn(FIXES, error.code) &&
  (error.code !== 'ENOENT' || error.syscall === 'mkdir');

/**
 * A refusal of a file system as an error that names the path and the fix; anything else as it is. `folder` is
 * where the work was done, for refusals that name no path, as those of a full disk.
 */
export const asMachineFault = (error: unknown, folder?: string): unknown => {
  if (!(error instanceof Error) || !isMachineFault(error)) return error;
  const { code, syscall, path = folder, message } = error;
  const what = path === undefined ? 'the file system' : path;
  const why = message.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+( '[^]*')?$/, '');
  return infrastructureError(`${what}: ${why} (${code}, ${syscall})`, FIXES[code] ?? '', { cause: error });
};
