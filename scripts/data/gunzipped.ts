import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { inputError } from '../../nas/core/input-error.ts';

const unzip = promisify(gunzip);

/** Whether a file is packed by gzip, by its first two bytes. */
export const isGzipped = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** What a file that is perhaps packed holds. Throws `InputError` where it is packed and damaged. */
export const gunzipped = (bytes: Uint8Array, path: string): Promise<Uint8Array> | Uint8Array =>
  isGzipped(bytes)
    ? unzip(bytes).catch((cause: Error) => {
        throw inputError('--from', path, 'a whole gzip file', `fetch the file again: ${cause.message}`, {
          cause,
        });
      })
    : bytes;
