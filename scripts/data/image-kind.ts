/** What a file is, by its first bytes: its name may say otherwise, or nothing. */
type FileKind =
  /** An image that is read. */
  | { readonly kind: 'image'; readonly format: ImageFormat }
  /** Anything else, in words. */
  | { readonly kind: 'other'; readonly what: string };

export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp' | 'tiff' | 'bmp' | 'avif' | 'pnm';

/** Formats that are read, for messages. */
export const IMAGE_FORMATS = 'png, jpg, gif, webp, tiff, bmp, avif, pnm';

/** Bytes of a file's beginning that tell its kind. */
export const SIGNATURE_BYTES = 512;

const image = (format: ImageFormat): FileKind => ({ kind: 'image', format });
const other = (what: string): FileKind => ({ kind: 'other', what });

/** Signatures as [offset, bytes in Latin-1]; the first that fits decides. */
const SIGNATURES: readonly (readonly [offset: number, bytes: string, kind: FileKind])[] = [
  [0, '\x89PNG\r\n\x1a\n', image('png')],
  [0, '\xff\xd8\xff', image('jpeg')],
  [0, 'GIF87a', image('gif')],
  [0, 'GIF89a', image('gif')],
  [0, 'II*\0', image('tiff')],
  [0, 'MM\0*', image('tiff')],
  [0, 'II+\0', image('tiff')],
  [0, 'MM\0+', image('tiff')],
  [4, 'ftypavif', image('avif')],
  [4, 'ftypavis', image('avif')],
  [4, 'ftyphe', other('image of a format that is not read: HEIC')],
  [4, 'ftypmif1', other('image of a format that is not read: HEIF')],
  [4, 'ftypmsf1', other('image of a format that is not read: HEIF')],
  [4, 'ftyp', other('video')],
  [0, '\xff\x0a', other('image of a format that is not read: JPEG XL')],
  [4, 'JXL ', other('image of a format that is not read: JPEG XL')],
  [4, 'jP  ', other('image of a format that is not read: JPEG 2000')],
  [0, '8BPS', other('image of a format that is not read: Photoshop')],
  [0, '\0\0\x01\0', other('image of a format that is not read: icon')],
  [0, '\x76\x2f\x31\x01', other('image of a format that is not read: OpenEXR')],
  [128, 'DICM', other('image of a format that is not read: DICOM')],
  [0, '\x1aE\xdf\xa3', other('video')],
  [0, 'PK\x03\x04', other('archive')],
  [0, '\x1f\x8b', other('archive')],
  [0, '7z\xbc\xaf\x27\x1c', other('archive')],
  [0, 'Rar!', other('archive')],
  [0, '\xfd7zXZ\0', other('archive')],
  [0, 'BZh', other('archive')],
  [0, '\x28\xb5\x2f\xfd', other('archive')],
  [257, 'ustar', other('archive')],
  [0, 'version https://git-lfs', other('Git LFS pointer')],
];

/** Sizes of the headers that follow a bitmap's first 14 bytes. */
const BITMAP_HEADERS: readonly number[] = [12, 40, 52, 56, 64, 108, 124];

/** `head`: the first bytes of the file, `SIGNATURE_BYTES` or all where it has fewer. */
export const fileKind = (head: Buffer): FileKind => {
  if (head.length === 0) return other('empty file');
  const text = head.toString('latin1');
  const known = SIGNATURES.find(([offset, bytes]) => text.startsWith(bytes, offset));
  if (known !== undefined) return known[2];
  if (text.startsWith('RIFF')) return text.startsWith('WEBP', 8) ? image('webp') : other('not an image');
  if (text.startsWith('BM') && head.length >= 18 && BITMAP_HEADERS.includes(head.readUInt32LE(14)))
    return image('bmp');
  if (/^P[1-6]\s+(?:#|\d)/.test(text)) return image('pnm');
  if (/^[\s\S]{0,3}(?:<\?xml[^>]*>)?\s*(?:<!--[^>]*-->\s*)?<svg[\s>]/.test(text))
    return other('vector graphics (SVG)');
  return other('not an image');
};
