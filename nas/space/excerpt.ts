/** Characters of the user's input that an error repeats at most. */
const LENGTH = 60;

/** A piece of the user's input for a message of one line: never all of a long one. */
export const excerpt = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const line = text
    .slice(0, 4 * LENGTH)
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > LENGTH ? `${line.slice(0, LENGTH)}…` : line;
};
