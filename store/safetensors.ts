import { z } from 'zod';
import { parseJson } from '../nas/core/json.ts';

const DTYPES = {
  F32: { name: 'float32', bytes: 4, view: Float32Array },
  I32: { name: 'int32', bytes: 4, view: Int32Array },
} as const;

/** A tensor in host memory, row-major, little-endian. */
export interface StoredTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Bytes are not a well-formed safetensors file; the message says where. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
const byName = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * Encodes tensors in the safetensors format (8-byte little-endian header length, JSON header, data). Equal
 * tensors give equal bytes: names are sorted, the header is padded with spaces to a multiple of 8, metadata
 * keys are sorted. Throws `SafetensorsError` when a tensor's data do not fill its shape.
 */
export const encodeSafetensors = (
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const header: Record<string, unknown> = {};
  const metadataKeys = Object.keys(metadata).sort(byName);
  if (metadataKeys.length > 0) {
    header['__metadata__'] = Object.fromEntries(metadataKeys.map((key) => [key, metadata[key]]));
  }
  const names = Object.keys(tensors).sort(byName);
  let end = 0;
  for (const name of names) {
    const tensor = tensors[name] as StoredTensor;
    if (name === '__metadata__') throw new SafetensorsError('tensor "__metadata__": the name is reserved');
    if (tensor.data.length !== elements(tensor.shape)) {
      throw new SafetensorsError(
        `tensor "${name}": ${tensor.data.length} elements do not fill the shape [${tensor.shape.join(', ')}]`,
      );
    }
    const start = end;
    end += tensor.data.byteLength;
    header[name] = {
      dtype: tensor.dtype === 'float32' ? 'F32' : 'I32',
      shape: [...tensor.shape],
      data_offsets: [start, end],
    };
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.byteLength / 8) * 8;
  const file = Buffer.alloc(8 + headerBytes + end, 0x20);
  file.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(file, 8);
  let position = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors[name] as StoredTensor;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
};

/**
 * Decodes a safetensors file of float32 and int32 tensors; each tensor's data are a copy of their own.
 * Refuses, as the format demands, duplicate or overlapping ranges, holes, ranges that do not fit the shape,
 * and trailing bytes. Throws `SafetensorsError`.
 */
export const decodeSafetensors = (
  file: Uint8Array,
): { readonly tensors: Record<string, StoredTensor>; readonly metadata: Record<string, string> } => {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.byteLength < 8)
    throw new SafetensorsError(`${bytes.byteLength} bytes: too short for a header length`);
  const headerBytes = bytes.readBigUInt64LE(0);
  if (headerBytes > BigInt(bytes.byteLength - 8)) {
    throw new SafetensorsError(`header of ${headerBytes} bytes in a file of ${bytes.byteLength} bytes`);
  }
  const dataStart = 8 + Number(headerBytes);
  let header: Record<string, unknown>;
  try {
    header = parseJson(headerSchema, bytes.toString('utf8', 8, dataStart));
  } catch (cause) {
    throw new SafetensorsError('the header is not a JSON object', { cause });
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const parsedMetadata = metadataSchema.safeParse(metadata);
  if (!parsedMetadata.success) throw new SafetensorsError('__metadata__ holds something other than strings');

  const tensors: Record<string, StoredTensor> = {};
  const ranges: (readonly [start: number, end: number, name: string])[] = [];
  for (const [name, value] of Object.entries(entries)) {
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw new SafetensorsError(`tensor "${name}": ${z.prettifyError(entry.error)}`);
    const dtype = DTYPES[entry.data.dtype as keyof typeof DTYPES];
    if (dtype === undefined) {
      throw new SafetensorsError(`tensor "${name}": type ${entry.data.dtype}; allowed: F32, I32`);
    }
    const [start, end] = entry.data.data_offsets;
    if (end - start !== elements(entry.data.shape) * dtype.bytes) {
      throw new SafetensorsError(
        `tensor "${name}": ${end - start} bytes do not fill the shape [${entry.data.shape.join(', ')}]`,
      );
    }
    if (dataStart + end > bytes.byteLength) {
      throw new SafetensorsError(`tensor "${name}": ends at byte ${dataStart + end} of ${bytes.byteLength}`);
    }
    ranges.push([start, end, name]);
    const copy = new Uint8Array(bytes.subarray(dataStart + start, dataStart + end)).buffer;
    tensors[name] = { dtype: dtype.name, shape: entry.data.shape, data: new dtype.view(copy) };
  }
  let covered = 0;
  for (const [start, end, name] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== covered)
      throw new SafetensorsError(`tensor "${name}": starts at ${start}, expected ${covered}`);
    covered = end;
  }
  if (dataStart + covered !== bytes.byteLength) {
    throw new SafetensorsError(`${bytes.byteLength - dataStart - covered} bytes belong to no tensor`);
  }
  return { tensors, metadata: parsedMetadata.data };
};
