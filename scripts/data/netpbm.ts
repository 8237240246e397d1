/** Pixels of a bitmap in its own depth. */
interface PortableMap {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Value of white, 1 to 65,535. */
  readonly white: number;
  /** [H, W, C]. */
  readonly samples: Uint16Array;
}

interface Header {
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly white: number;
  /** First byte behind the header. */
  readonly end: number;
}

const TOKEN = /(?:\s|#[^\n\r]*[\n\r])*([^\s#]+)/y;

const headerOf = (text: string, mostPixels: number): Header => {
  TOKEN.lastIndex = 0;
  const next = (): string => TOKEN.exec(text)?.[1] ?? '';
  const kind = Number(next().slice(1));
  const number = (what: string, most: number): number => {
    const token = next();
    const value = /^\d{1,9}$/.test(token) ? Number(token) : 0;
    if (value < 1 || value > most) throw new RangeError(`its ${what} is ${token || 'missing'}`);
    return value;
  };
  const width = number('width', mostPixels);
  const height = number('height', mostPixels);
  if (width * height > mostPixels) throw new RangeError(`it claims ${height} × ${width} pixels`);
  const white = kind === 1 || kind === 4 ? 1 : number('largest value', 65_535);
  // One white space, and no more, follows the header.
  return { kind, width, height, white, end: TOKEN.lastIndex + 1 };
};

/**
 * Reads a portable bitmap, graymap or pixmap, plain or binary (`P1` to `P6`). Throws where it is not whole.
 * Source: the manual pages pbm(5), pgm(5) and ppm(5) of Netpbm; of several images in a file the first.
 */
export const readPortableMap = (bytes: Buffer, mostPixels: number): PortableMap => {
  const text = bytes.toString('latin1');
  const { kind, width, height, white, end } = headerOf(text, mostPixels);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const samples = new Uint16Array(width * height * channels);
  const missing = (found: number): RangeError =>
    new RangeError(`it has ${found} of the ${samples.length} samples that its header tells of`);
  const isBitmap = kind === 1 || kind === 4;
  // In a bitmap 1 is black.
  const put = (i: number, value: number): void => {
    if (value > white) throw new RangeError(`sample ${i} is ${value}, beyond ${white}`);
    samples[i] = isBitmap ? 1 - value : value;
  };
  if (kind === 4) {
    const stride = Math.ceil(width / 8);
    if (bytes.length < end + stride * height) throw missing(8 * (bytes.length - end));
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        put(y * width + x, ((bytes[end + y * stride + (x >> 3)] as number) >> (7 - (x & 7))) & 1);
  } else if (kind > 4) {
    const wide = white > 255;
    const found = Math.floor(Math.max(0, bytes.length - end) / (wide ? 2 : 1));
    if (found < samples.length) throw missing(found);
    for (let i = 0; i < samples.length; i++)
      put(i, wide ? bytes.readUInt16BE(end + 2 * i) : (bytes[end + i] as number));
  } else {
    const body = text.slice(end - 1).replace(/#[^\n\r]*/g, '');
    // Digits of a plain bitmap need no space between them.
    const values = body.match(kind === 1 ? /[01]/g : /\d{1,9}/g) ?? [];
    if (values.length < samples.length) throw missing(values.length);
    for (let i = 0; i < samples.length; i++) put(i, Number(values[i]));
  }
  return { width, height, channels, white, samples };
};
