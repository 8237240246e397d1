/** Characters of a value that a message shows at most. */
const VALUE_LIMIT = 200;

/** Characters that reorder, hide or end a line of a terminal; JSON escapes the others. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const visible = (text: string): string =>
  text.replace(UNSEEN, (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The beginning of a text, on one line, with a sign where more followed. */
export const clipped = (text: string, limit: number): string => {
  // No more than is shown is looked at, however long the text is.
  const line = visible(
    text
      .slice(0, 2 * limit)
      .replace(/\s*\n\s*/g, ' ')
      .trim(),
  );
  if (line.length <= limit && text.length <= 2 * limit) return line;
  return `${line.slice(0, limit).replace(/[\ud800-\udbff]$/, '')}…`;
};

/**
 * JSON of a value, piece by piece: who reads the first pieces alone pays for no others, of cycles neither.
 */
function* piecesOf(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    yield JSON.stringify(value.slice(0, VALUE_LIMIT));
    if (value.length > VALUE_LIMIT) yield ` (the beginning of ${value.length} characters)`;
  } else if (value instanceof Uint8Array) {
    yield `${value.length} bytes`;
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [i, item] of value.entries()) {
      if (i > 0) yield ',';
      yield* piecesOf(item);
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    yield '{';
    let first = true;
    for (const [key, item] of Object.entries(value)) {
      yield `${first ? '' : ','}${JSON.stringify(key.slice(0, VALUE_LIMIT))}:`;
      first = false;
      yield* piecesOf(item);
    }
    yield '}';
  } else if (value instanceof Date) yield JSON.stringify(value);
  else yield value === undefined ? 'null' : String(value);
}

/** A value as messages show it: its JSON, on one line, of bounded length whatever the value is. */
export const shownValue = (value: unknown): string => {
  let text = '';
  for (const piece of piecesOf(value)) {
    text += piece;
    if (typeof value !== 'string' && text.length > VALUE_LIMIT) return clipped(text, VALUE_LIMIT);
  }
  return visible(text);
};
