import { readFile } from 'node:fs/promises';
import { decode as decodeBitmap } from 'bmp-ts';
import sharp from 'sharp';
import type { ImageFormat } from './image-kind.ts';
import { readPortableMap } from './netpbm.ts';

/** An image in a folder, recognised by its content. */
export interface ImageFile {
  readonly path: string;
  readonly format: ImageFormat;
}

/** What an image is before it is made one of the set. */
export interface ImageFacts {
  /** As it is looked at: after the rotation that its EXIF data ask for. */
  readonly height: number;
  readonly width: number;
  readonly grey: boolean;
  readonly frames: number;
  readonly transparent: boolean;
  /** The largest sample, of an image of 16 bits a channel. */
  readonly brightest?: number;
  readonly cmyk: boolean;
  readonly rotated: boolean;
}

/** Pixels of a format that sharp does not read. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** [H, W, C], 8 bits a channel. */
  readonly pixels: Buffer;
  readonly channels: 1 | 3;
  readonly grey: boolean;
}

/** As sharp bounds the images that it reads. */
const MOST_PIXELS = 0x3fff ** 2;

/** A fourth channel of a bitmap is not read: most programs leave it zero and mean nothing by it. */
const readBmp = (bytes: Buffer): Bitmap => {
  const [claimedWidth, claimedHeight] = [bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22))];
  if (claimedWidth * claimedHeight > MOST_PIXELS)
    throw new RangeError(`it claims ${claimedHeight} × ${claimedWidth} pixels`);
  const { data, width, height } = decodeBitmap(bytes);
  const pixels = Buffer.alloc(3 * width * height);
  let grey = true;
  for (let i = 0; i < width * height; i++) {
    // Alpha, blue, green, red: the decoder's other order is not that of bitmaps with palettes.
    const [r, g, b] = [data[4 * i + 3], data[4 * i + 2], data[4 * i + 1]] as [number, number, number];
    pixels[3 * i] = r;
    pixels[3 * i + 1] = g;
    pixels[3 * i + 2] = b;
    grey &&= r === g && g === b;
  }
  return { width, height, pixels, channels: 3, grey };
};

/** A portable map says what is white: its samples are scaled to it. */
const readPnm = (bytes: Buffer): Bitmap => {
  const { width, height, channels, white, samples } = readPortableMap(bytes, MOST_PIXELS);
  const pixels = Buffer.from(Uint8Array.from(samples, (sample) => Math.round((255 * sample) / white)));
  return { width, height, pixels, channels, grey: channels === 1 };
};

const OWN_READERS: Partial<Record<ImageFormat, (bytes: Buffer) => Bitmap>> = { bmp: readBmp, pnm: readPnm };

/** Bits of the 16 that a set of images uses, from its largest sample: 12 of a 12-bit camera. */
export const bitsFor = (brightest: number): number => Math.max(8, Math.ceil(Math.log2(brightest + 1)));

const fromPixels = ({ pixels, width, height, channels }: Omit<Bitmap, 'grey'>): sharp.Sharp =>
  sharp(pixels, { raw: { width, height, channels } });

/** `bits`: of an image of 16 bits a channel, how many of them its set uses. */
const opened = async ({ path, format }: ImageFile, bits = 16): Promise<sharp.Sharp> => {
  const bytes = await readFile(path);
  const read = OWN_READERS[format];
  if (read !== undefined) return fromPixels(read(bytes));
  if (bits === 16) return sharp(bytes);
  const { channels, hasAlpha, depth } = await sharp(bytes).metadata();
  if (depth !== 'ushort') return sharp(bytes);
  const colours = channels - (hasAlpha ? 1 : 0) < 3 ? 1 : 3;
  const { data, info } = await sharp(bytes)
    .rotate()
    .flatten()
    .toColourspace(colours === 1 ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  const white = 2 ** bits - 1;
  const pixels = Buffer.from(Uint8Array.from(samples, (sample) => Math.round((255 * sample) / white)));
  return fromPixels({ pixels, width: info.width, height: info.height, channels: colours });
};

/** Largest sample of an image, transparency apart. */
const brightestOf = async (path: string, colours: number): Promise<number> => {
  const { channels } = await sharp(path).stats();
  return Math.max(...channels.slice(0, colours).map(({ max }) => max));
};

/**
 * Reads an image's header, of a bitmap all of it: a grey one has no other mark than its pixels; and of an
 * image of 16 bits a channel its largest sample. Throws where it cannot.
 */
export const imageFacts = async ({ path, format }: ImageFile): Promise<ImageFacts> => {
  const read = OWN_READERS[format];
  if (read !== undefined) {
    const { width, height, grey } = read(await readFile(path));
    return { width, height, grey, frames: 1, transparent: false, cmyk: false, rotated: false };
  }
  const { autoOrient, channels, depth, hasAlpha, orientation, pages, space } = await sharp(path)
    .metadata()
    .catch((cause: Error) => {
      throw cause.message.includes('not a whole number of bytes')
        ? new RangeError('its samples fill no whole bytes (as 12 bits, packed): save it with 8 or 16 bits', {
            cause,
          })
        : cause;
    });
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new RangeError(
      `its samples are of type ${depth}, of which nobody says what is black and white: save it with 8 or 16 bits, unsigned`,
    );
  const colours = channels - (hasAlpha ? 1 : 0);
  return {
    ...autoOrient,
    grey: colours < 3,
    frames: pages ?? 1,
    transparent: hasAlpha,
    ...(depth === 'ushort' && { brightest: await brightestOf(path, colours) }),
    cmyk: space === 'cmyk',
    rotated: (orientation ?? 1) > 1,
  };
};

/**
 * The pixels of an image, 8 bits a channel, scaled from the `bits` that its set uses: the first frame,
 * rotated as its EXIF data say, transparency on black, and with `size` scaled so that it covers a square of
 * that side, whose centre it is. Throws where the file is not whole.
 */
export const imagePixels = async (
  file: ImageFile,
  channels: 1 | 3,
  { size, bits }: { readonly size?: number | undefined; readonly bits?: number } = {},
): Promise<{ readonly data: Buffer; readonly height: number; readonly width: number }> => {
  const image = (await opened(file, bits))
    .rotate()
    .flatten()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb');
  if (size !== undefined) image.resize(size, size, { fit: 'cover' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels, not ${channels}`);
  return { data, height: info.height, width: info.width };
};

/** The file as it is, or, where jobs would not decode it so, as a PNG of the same pixels. */
export const decodableFile = async (file: ImageFile, bits: number): Promise<Buffer> => {
  const bytes = await readFile(file.path);
  const isDeep =
    bits < 16 && OWN_READERS[file.format] === undefined && (await sharp(bytes).metadata()).depth === 'ushort';
  return isDeep || OWN_READERS[file.format] !== undefined
    ? (await opened(file, bits)).png().toBuffer()
    : bytes;
};
