/** How often the verdict is wrong, and what it sees: `npm run -s bench -- verdict --help`. */
import { Command, InvalidArgumentError } from 'commander';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { randomFromSeed } from '../nas/core/random.ts';
import type { Random } from '../nas/core/random.ts';
import { searchesFor } from '../nas/protocol/power.ts';
import { searchVerdict } from '../nas/protocol/search-verdict.ts';
import type { SearchPair } from '../nas/protocol/search-verdict.ts';
import { pairedVerdict } from '../nas/protocol/statistics.ts';
import { termsOf } from '../nas/task/terms.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { USUAL, chosen, shareOf, simulatedPairs } from './verdict/simulated-searches.ts';
import type { Scatter } from './verdict/simulated-searches.ts';

interface Flags extends Scatter {
  readonly seeds: number;
  readonly searches: readonly number[];
  readonly effects: readonly number[];
  readonly repeats: number;
  readonly json?: true;
}

const notNegative = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('Allowed: numbers from 0.');
  return value;
};

const program = (): Command =>
  new Command('bench verdict')
    .description('Verdicts on simulated searches: wrong ones, and right ones where the search is better')
    .option('--cells <points>', 'standard deviation of the qualities of cells', notNegative, USUAL.cells)
    .option('--trainings <points>', 'that of trainings of one cell', notNegative, USUAL.trainings)
    .option(
      '--validation <points>',
      'that of the score that a search chooses by',
      notNegative,
      USUAL.validation,
    )
    .option('--among <n>', 'cells that a search chooses from', wholeNumber(1, 10_000), USUAL.among)
    .option('--seeds <n>', 'training seeds of a winner', wholeNumber(1, 1000), 3)
    .option(
      '--searches <n,…>',
      'searches of a comparison',
      (text) => text.split(',').map(wholeNumber(2, 1000)),
      [2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    .option(
      '--effects <points,…>',
      'what the search is better by',
      (text) => text.split(',').map(notNegative),
      [0.1, 0.2, 0.3, 0.5],
    )
    .option('--repeats <n>', 'simulated comparisons to a number', wholeNumber(1, 10_000_000), 100_000)
    .option('--json', 'print one JSON document')
    .exitOverride();

const { metric } = termsOf();

const kindOf = (pairs: readonly SearchPair[]): string => searchVerdict(pairs, metric).kind;

/** Student's paired verdict over the trainings of one winner against those of one random cell. */
const kindOfCells = ([pair]: readonly SearchPair[]): string =>
  pairedVerdict(pair?.winner ?? [], pair?.baseline ?? [], metric).kind;

/** Standard deviation of a winner's true quality, in points. */
const spreadOfWinners = (random: Random, scatter: Scatter): number =>
  sampleStandardDeviation(Array.from({ length: 200_000 }, () => chosen(random, scatter)));

export const run = (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  const { seeds, searches, effects, repeats } = flags;
  const random = randomFromSeed(0);
  const design = (trainings: number) => ({ search: flags, seeds: () => trainings });
  const average = mean(Array.from({ length: 200_000 }, () => chosen(random, flags)));
  const rows = searches.map((n) => ({
    searches: n,
    wrong: {
      alike: shareOf(
        repeats,
        random,
        (r) => kindOf(simulatedPairs(r, n, design(seeds))) !== 'not-distinguishable',
      ),
      unequal: shareOf(
        repeats,
        random,
        (r) =>
          kindOf(simulatedPairs(r, n, { search: flags, seeds: () => 1 + r.int(10) })) !==
          'not-distinguishable',
      ),
      sure: shareOf(
        repeats,
        random,
        (r) =>
          kindOf(
            simulatedPairs(r, n, {
              ...design(seeds),
              search: { ...flags, cells: 0 },
              baseline: flags,
              effect: average,
            }),
          ) !== 'not-distinguishable',
      ),
      cells: shareOf(
        repeats,
        random,
        (r) => kindOfCells(simulatedPairs(r, 1, design(n))) !== 'not-distinguishable',
      ),
    },
    seen: effects.map((effect) =>
      shareOf(
        repeats,
        random,
        (r) => kindOf(simulatedPairs(r, n, { ...design(seeds), effect })) === 'better',
      ),
    ),
  }));
  const spreads = { searches: spreadOfWinners(random, flags), trainings: flags.trainings };
  const needed = effects.map((effect) => searchesFor(effect, { trainings: seeds, spreads }));
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ ...flags, spreads, rows, needed })}\n`);
    return Promise.resolve();
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const percent = (share: number): string => (100 * share).toFixed(1);
  process.stdout.write(
    [
      `Verdicts in percent of ${repeats} comparisons; cells ± ${flags.cells}, trainings ± ${flags.trainings}, chosen by a`,
      `score ± ${flags.validation} among ${flags.among}: winners ± ${spreads.searches.toFixed(3)}`,
      '',
      line([
        'n',
        ...[
          'search = random search',
          'seeds 1 to 10 each',
          'search always finds an average winner',
          'two cells, n seeds',
        ],
        ...effects.map((effect) => `sees +${effect}`),
      ]),
      line(['---:', ...Array.from({ length: 4 + effects.length }, () => '---:')]),
      ...rows.map(({ searches: n, wrong, seen }) =>
        line([`${n}`, ...[wrong.alike, wrong.unequal, wrong.sure, wrong.cells, ...seen].map(percent)]),
      ),
      line(['searches for 80 %', '', '', '', '', ...needed.map((n) => `${n ?? 'more than 1000'}`)]),
      '',
    ].join('\n'),
  );
  return Promise.resolve();
};
