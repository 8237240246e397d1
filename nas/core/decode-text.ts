import { inputError } from './input-error.ts';

const NEWLINE = 0x0a;
/** Tab, line feed, form feed and carriage return are text; escape begins a colour. */
const isControl = (byte: number): boolean =>
  (byte < 0x20 && ![0x09, NEWLINE, 0x0c, 0x0d, 0x1b].includes(byte)) || byte === 0x7f;

const placeOf = (bytes: Uint8Array, offset: number): string => {
  const before = bytes.subarray(0, offset);
  const line = before.reduce((lines, byte) => lines + (byte === NEWLINE ? 1 : 0), 1);
  return `${line}:${offset - before.lastIndexOf(NEWLINE)}`;
};

const isUtf8 = (bytes: Uint8Array, length: number): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), {
      stream: length < bytes.length,
    });
    return true;
  } catch {
    return false;
  }
};

/** Bytes of the sequence that a leading byte begins. */
const sequenceLength = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1);

/** Offset of the first byte that is no UTF-8. */
const firstInvalid = (bytes: Uint8Array): number => {
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    if (isUtf8(bytes, middle)) valid = middle;
    else invalid = middle;
  }
  // A sequence is found to be broken at the byte that does not continue it, or at the end of the text.
  const end = invalid - 1;
  for (let at = end; at >= Math.max(0, end - 3); at--) {
    const lead = bytes[at] as number;
    if (lead >= 0xc2 && at + sequenceLength(lead) > end) return at;
    if (lead < 0x80 && at < end) break;
  }
  return end;
};

const startsWith = (bytes: Uint8Array, ...start: number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte);

/** Whole units of two bytes, every second byte zero in the beginning: Latin letters as UTF-16. */
const looksLikeUtf16 = (bytes: Uint8Array): boolean => {
  if (bytes.length % 2 !== 0) return false;
  const beginning = bytes.subarray(0, 64);
  const zeros = [0, 0];
  beginning.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2] = (zeros[i % 2] as number) + 1;
  });
  return Math.max(...zeros) > beginning.length / 4 && Math.min(...zeros) === 0;
};

/**
 * The text of a file that a person wrote. Throws `InputError` with line and column where the bytes are no
 * UTF-8; a byte order mark of UTF-8 is left out.
 */
export const decodeText = (bytes: Uint8Array, file: string): string => {
  const converted = (encoding: string): string => `iconv -f ${encoding} -t UTF-8 ${file} converts it`;
  if (startsWith(bytes, 0xff, 0xfe, 0, 0) || startsWith(bytes, 0, 0, 0xfe, 0xff))
    throw inputError(`${file}:1:1`, 'UTF-32', 'text in UTF-8', converted('UTF-32'));
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff) || looksLikeUtf16(bytes))
    throw inputError(`${file}:1:1`, 'UTF-16', 'text in UTF-8', converted('UTF-16'));
  const control = bytes.findIndex(isControl);
  const hex = (offset: number): string => `byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')}`;
  if (control >= 0)
    throw inputError(
      `${file}:${placeOf(bytes, control)}`,
      hex(control),
      'text in UTF-8; this is a binary file',
      'name the text file itself, not an archive, an image or a checkpoint',
    );
  if (!isUtf8(bytes, bytes.length)) {
    const offset = firstInvalid(bytes);
    throw inputError(
      `${file}:${placeOf(bytes, offset)}`,
      hex(offset),
      'text in UTF-8; this is no UTF-8',
      `${converted('LATIN1')}, if it is Latin-1`,
    );
  }
  return new TextDecoder('utf-8').decode(bytes);
};
