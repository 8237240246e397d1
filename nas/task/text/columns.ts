/**
 * A token stream as so many columns, each a contiguous piece of it, all of them `rows` long: what does not
 * fill a row is left out (`batchify` of quark0/darts, rnn/utils.py).
 */
export interface Columns {
  readonly tokens: Uint16Array;
  /** Columns. */
  readonly batch: number;
  readonly rows: number;
}

/** A piece of the columns to be predicted: inputs are rows from `start` on, targets the rows after them. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** Rows of columns over so many tokens. */
export const rowsOf = (tokens: number, batch: number): number => Math.floor(tokens / batch);

/** The smallest number of rows of which one is predicted. */
const LEAST_ROWS = 2;

/** Whether so many columns leave anything to predict. */
export const fitsColumns = (tokens: number, batch: number): boolean => rowsOf(tokens, batch) >= LEAST_ROWS;

/** Throws `RangeError` where nothing would be left to predict. */
export const columnsOf = (tokens: Uint16Array, batch: number): Columns => {
  if (!fitsColumns(tokens.length, batch))
    throw new RangeError(
      `batchSize: ${batch}, allowed: at most ${Math.floor(tokens.length / LEAST_ROWS)}, half of ${tokens.length} tokens`,
    );
  return { tokens, batch, rows: rowsOf(tokens.length, batch) };
};

/** Inputs and targets of a span, both [length, batch], time first. */
export const spanTokens = (
  { tokens, batch, rows }: Columns,
  { start, length }: Span,
): { readonly x: Int32Array; readonly y: Int32Array } => {
  const x = new Int32Array(length * batch);
  const y = new Int32Array(length * batch);
  for (let time = 0; time < length; time++)
    for (let column = 0; column < batch; column++) {
      const from = column * rows + start + time;
      x[time * batch + column] = tokens[from] as number;
      y[time * batch + column] = tokens[from + 1] as number;
    }
  return { x, y };
};
