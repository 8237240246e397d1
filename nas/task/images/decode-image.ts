import sharp from 'sharp';
import type { Random } from '../../core/random.ts';

/** A rectangle of an image, pixels. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Smallest share of an image's area that a random crop takes unless the experiment says otherwise. */
export const LEAST_CROP_AREA = 0.08;
const TRIES = 10;
/** Shorter side of an evaluated image before its centre is cut out, in units of the crop's: 256 for 224. */
const EVALUATION_MARGIN = 8 / 7;

/**
 * A crop of random area and aspect ratio (Szegedy et al. 2015, §6): area uniform in [leastArea, 1] of the
 * image's, ratio log-uniform in [3/4, 4/3]; after ten that do not fit, the largest centred one of an allowed
 * ratio.
 */
export const randomCrop = (random: Random, width: number, height: number, leastArea: number): Crop => {
  for (let i = 0; i < TRIES; i++) {
    const area = width * height * (leastArea + (1 - leastArea) * random.uniform());
    const ratio = Math.exp(Math.log(3 / 4) + random.uniform() * Math.log(16 / 9));
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { left: random.int(width - w + 1), top: random.int(height - h + 1), width: w, height: h };
  }
  const w = Math.min(width, Math.round((height * 4) / 3));
  const h = Math.min(height, Math.round((width * 4) / 3));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
};

const opened = (file: Uint8Array, channels: 1 | 3): sharp.Sharp =>
  sharp(file)
    .autoOrient()
    .flatten()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb');

const pixelsOf = async (image: sharp.Sharp, channels: 1 | 3): Promise<Uint8Array> => {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels, not ${channels}`);
  return data;
};

/** A random crop scaled to size × size, [size, size, channels]. */
export const decodeForTraining = async (
  file: Uint8Array,
  size: number,
  channels: 1 | 3,
  random: Random,
  leastArea: number,
): Promise<Uint8Array> => {
  const { autoOrient } = await sharp(file).metadata();
  const crop = randomCrop(random, autoOrient.width, autoOrient.height, leastArea);
  return pixelsOf(opened(file, channels).extract(crop).resize(size, size, { fit: 'fill' }), channels);
};

/** The centre, [size, size, channels], of the image scaled so that its shorter side is 8/7 size. */
export const decodeForEvaluation = (file: Uint8Array, size: number, channels: 1 | 3): Promise<Uint8Array> => {
  const side = Math.round(size * EVALUATION_MARGIN);
  const margin = Math.floor((side - size) / 2);
  return pixelsOf(
    opened(file, channels)
      .resize(side, side, { fit: 'cover' })
      .extract({ left: margin, top: margin, width: size, height: size }),
    channels,
  );
};
