import { readFile } from 'node:fs/promises';
import { decode as decodeBitmap } from 'bmp-ts';
import sharp from 'sharp';
import type { ImageFormat } from './image-kind.ts';

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
  /** More than 8 bits a channel. */
  readonly deep: boolean;
  readonly cmyk: boolean;
  readonly rotated: boolean;
}

interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** [H, W, 3]. */
  readonly rgb: Buffer;
  readonly grey: boolean;
}

/** As sharp bounds the images that it reads. */
const MOST_PIXELS = 0x3fff ** 2;

/** A fourth channel of a bitmap is not read: most programs leave it zero and mean nothing by it. */
const readBitmap = (bytes: Buffer): Bitmap => {
  const [claimedWidth, claimedHeight] = [bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22))];
  if (claimedWidth * claimedHeight > MOST_PIXELS)
    throw new RangeError(`it claims ${claimedHeight} × ${claimedWidth} pixels`);
  const { data, width, height } = decodeBitmap(bytes);
  const rgb = Buffer.alloc(3 * width * height);
  let grey = true;
  for (let i = 0; i < width * height; i++) {
    // Alpha, blue, green, red: the decoder's other order is not that of bitmaps with palettes.
    const [r, g, b] = [data[4 * i + 3], data[4 * i + 2], data[4 * i + 1]] as [number, number, number];
    rgb[3 * i] = r;
    rgb[3 * i + 1] = g;
    rgb[3 * i + 2] = b;
    grey &&= r === g && g === b;
  }
  return { width, height, rgb, grey };
};

const opened = async ({ path, format }: ImageFile): Promise<sharp.Sharp> => {
  const bytes = await readFile(path);
  if (format !== 'bmp') return sharp(bytes);
  const { rgb, width, height } = readBitmap(bytes);
  return sharp(rgb, { raw: { width, height, channels: 3 } });
};

/**
 * Reads an image's header, of a bitmap all of it: a grey one has no other mark than its pixels. Throws where
 * it cannot.
 */
export const imageFacts = async ({ path, format }: ImageFile): Promise<ImageFacts> => {
  if (format === 'bmp') {
    const { width, height, grey } = readBitmap(await readFile(path));
    return { width, height, grey, frames: 1, transparent: false, deep: false, cmyk: false, rotated: false };
  }
  const { autoOrient, channels, depth, hasAlpha, orientation, pages, space } = await sharp(path).metadata();
  return {
    ...autoOrient,
    grey: channels < 3,
    frames: pages ?? 1,
    transparent: hasAlpha,
    deep: depth !== 'uchar',
    cmyk: space === 'cmyk',
    rotated: (orientation ?? 1) > 1,
  };
};

/**
 * The pixels of an image, 8 bits a channel: the first frame, rotated as its EXIF data say, transparency on
 * black, and with `size` scaled so that it covers a square of that side, whose centre it is. Throws where the
 * file is not whole.
 */
export const imagePixels = async (
  file: ImageFile,
  channels: 1 | 3,
  size?: number,
): Promise<{ readonly data: Buffer; readonly height: number; readonly width: number }> => {
  const image = (await opened(file))
    .rotate()
    .flatten()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb');
  if (size !== undefined) image.resize(size, size, { fit: 'cover' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels, not ${channels}`);
  return { data, height: info.height, width: info.width };
};

/** The file as it is, or, of a format that jobs do not decode, as a PNG of the same pixels. */
export const decodableFile = async (file: ImageFile): Promise<Buffer> =>
  file.format === 'bmp' ? (await opened(file)).png().toBuffer() : readFile(file.path);
