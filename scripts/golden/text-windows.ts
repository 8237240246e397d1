import { z } from 'zod';
import { columnsOf, spanTokens } from '../../nas/task/text/columns.ts';
import { perplexityOf, referencePerplexity } from '../../nas/task/text/perplexity.ts';
import { windowsOf } from '../../nas/task/text/windows.ts';
import type { Check } from './fixture.ts';

const count = z.number().int().min(0);
/** [time, batch]. */
const tokens = z.array(z.array(count));

const schema = z.looseObject({
  kind: z.literal('text-windows'),
  tokens: z.array(count),
  cases: z.array(
    z.looseObject({
      mode: z.enum(['train', 'evaluate']),
      batch: count,
      bptt: count,
      /** Proposed lengths in order, repeated; `bptt` where there are none. */
      lengths: z.array(count).nullable(),
      rows: count,
      windows: z.array(z.looseObject({ start: count, length: count, tokens, targets: tokens })),
      window_mean_losses: z.array(z.number()),
      mean_per_token: z.number(),
      perplexity: z.number(),
      reference_mean: z.number(),
      reference_perplexity: z.number(),
    }),
  ),
});
type Case = z.infer<typeof schema>['cases'][number];

const same = (name: string, actual: readonly number[], expected: readonly number[]): Check => ({
  name,
  difference: actual.join() === expected.join() ? 0 : 1,
  tolerance: 0,
});

const close = (name: string, actual: number, expected: number): Check => ({
  name,
  difference: Math.abs(actual - expected) / Math.abs(expected),
  tolerance: 1e-6,
  note: 'relative',
});

const checkCase = (stream: Uint16Array, expected: Case, index: number): readonly Check[] => {
  const { mode, batch, bptt, lengths } = expected;
  const named = (what: string): string => `${index}.${mode}.${what}`;
  const columns = columnsOf(stream, batch);
  let asked = 0;
  const windows = windowsOf(columns.rows, mode, () =>
    lengths === null ? bptt : (lengths[asked++ % lengths.length] as number),
  );
  const cut = windows.map((window) => spanTokens(columns, window));
  const losses = expected.window_mean_losses;
  const predicted = windows.reduce((sum, { length }) => sum + length, 0);
  const mean = windows.reduce((sum, { length }, i) => sum + length * (losses[i] as number), 0) / predicted;
  return [
    same(named('rows'), [columns.rows], [expected.rows]),
    same(
      named('windows'),
      windows.flatMap(({ start, length }) => [start, length]),
      expected.windows.flatMap(({ start, length }) => [start, length]),
    ),
    same(
      named('tokens'),
      cut.flatMap(({ x }) => [...x]),
      expected.windows.flatMap((window) => window.tokens.flat()),
    ),
    same(
      named('targets'),
      cut.flatMap(({ y }) => [...y]),
      expected.windows.flatMap((window) => window.targets.flat()),
    ),
    close(named('mean_per_token'), mean, expected.mean_per_token),
    close(named('perplexity'), perplexityOf(mean), expected.perplexity),
    close(
      named('reference_mean'),
      Math.log(referencePerplexity(mean, columns.rows, predicted)),
      expected.reference_mean,
    ),
    close(
      named('reference_perplexity'),
      referencePerplexity(mean, columns.rows, predicted),
      expected.reference_perplexity,
    ),
  ];
};

/** How a token stream becomes columns and windows, exactly, and the perplexities of given losses. */
export const checkTextWindows = (document: unknown): readonly Check[] => {
  const { tokens: stream, cases } = schema.parse(document);
  return cases.flatMap((one, index) => checkCase(Uint16Array.from(stream), one, index));
};
