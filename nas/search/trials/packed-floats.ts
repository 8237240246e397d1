/** A float32 vector as base64 of its bytes: plain JSON, exact, a third of the size of decimal numbers. */
export type PackedFloats = string;

const CHUNK = 0x8000;

/** Both directions take the platform's byte order, little-endian wherever TensorFlow runs. */
export const packFloats = (values: Float32Array): PackedFloats => {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK)
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
};

export const unpackFloats = (packed: PackedFloats): Float32Array => {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
};
