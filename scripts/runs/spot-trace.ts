import { z } from 'zod';
import { jsonOf } from '../../nas/core/json.ts';
import { issueErrors } from '../../nas/experiment/experiment-issues.ts';
import { inputError, inputErrors } from '../../nas/core/input-error.ts';
import { traceSchema, type Trace } from '../../infra/local/batch/replay.ts';
import { readTextFile } from '../../infra/read-text-file.ts';

const FORM = '{"metadata":{"gap_seconds":number above 0},"data":[integers from 0]}';
/** A year of seconds is shorter. */
const LIMIT = 64 * 2 ** 20;

/** `:3:14` of a fault of JSON, as far as the parser says it. */
const placeIn = ({ message }: Error): string => {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  return line === undefined ? '' : `:${line}:${column}`;
};

/**
 * A recorded series of spot capacity from a JSON file.
 *
 * @throws InputError when the file cannot be read, is not JSON or not a trace; the message names the file.
 */
export const readTrace = (file: string): Trace => {
  const text = readTextFile(file, {
    field: '--trace',
    what: `a JSON file ${FORM}`,
    fix: 'name the file of a recorded trace',
    limit: LIMIT,
  });
  let value: unknown;
  try {
    value = jsonOf(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw inputError(`--trace ${file}${placeIn(cause)}`, text, `JSON ${FORM}`, cause.message, { cause });
  }
  const trace = traceSchema.safeParse(value);
  if (trace.success) return trace.data;
  const guide = { schema: z.toJSONSchema(traceSchema, { io: 'input' }), lookUp: `write ${FORM}` };
  const at = (path: readonly PropertyKey[]): string =>
    path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .slice(1);
  const [first, ...rest] = issueErrors(value, trace.error.issues, guide, (path) =>
    `--trace ${file} ${at(path)}`.trim(),
  );
  throw first === undefined ? trace.error : inputErrors([first, ...rest]);
};
