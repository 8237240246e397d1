import { parse } from 'csv-parse/sync';
import type { Options } from 'csv-parse/sync';

/** A record of a CSV file. */
export interface CsvLine {
  readonly cells: readonly string[];
  /** Line of the file on which it ends, from 1. */
  readonly line: number;
}

/** The records of a CSV file without blank lines and blanks around cells. Throws `CsvError`. */
export const csvLines = (
  text: string,
  options: Pick<Options, 'delimiter' | 'record_delimiter' | 'skip_records_with_empty_values'> = {},
): readonly CsvLine[] => {
  const lines: CsvLine[] = [];
  parse(text, {
    ...options,
    skip_empty_lines: true,
    trim: true,
    bom: true,
    on_record: (cells, { lines: line }) => {
      lines.push({ cells, line });
      return null;
    },
  });
  return lines;
};
