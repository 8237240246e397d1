/** Search strategies on a benchmark table, side by side: `npm run -s bench -- tabular --help`. */
import { basename, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { max, min } from 'simple-statistics';
import { strategyPortsOnDemand } from '../containers/worker/strategy-ports.ts';
import { compareStrategies } from '../nas/benchmark/comparison.ts';
import type { Comparison, RunStatistics } from '../nas/benchmark/comparison.ts';
import { fidelityColumn, scoreByColumns } from '../nas/benchmark/fidelity-columns.ts';
import type { FidelityColumn } from '../nas/benchmark/fidelity-columns.ts';
import { TABULAR_SPACES, readTable } from '../nas/benchmark/formats.ts';
import type { TabularBenchmark } from '../nas/benchmark/table.ts';
import { decimalNumber } from '../nas/core/decimal.ts';
import { inputError } from '../nas/core/input-error.ts';
import { paretoFronts } from '../nas/report/charts/pareto-front.ts';
import { regretCurves } from '../nas/report/charts/regret-curves.ts';
import { renderChart } from '../nas/report/charts/render-chart.ts';
import { plainColours } from '../nas/report/charts/theme.ts';
import { STRATEGIES, strategiesFor, strategyNamed } from '../nas/search/registry.ts';
import { readTableFile } from '../scripts/data/add-benchmark.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { checkChartFile, writeChartFile } from './tabular/chart-file.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly table: string;
  readonly space: string;
  readonly search: string;
  readonly final: string;
  readonly strategy: string;
  readonly evaluations: number;
  readonly runs: number;
  readonly seed: number;
  readonly parallelism: number;
  readonly limit: Limits;
  readonly fidelity: readonly FidelityColumn[];
  readonly minimise?: string;
  readonly plot?: string;
  readonly plotFront?: string;
  readonly json?: true;
}

/** Of evaluations and of runs: more than any table has rows. */
const MOST = 1_000_000;

type Limits = readonly (readonly [string, number])[];

const limited = (text: string, others: Limits): Limits => {
  const [, name, written = ''] = /^\s*(.*\S)\s*=\s*(.+?)\s*$/.exec(text) ?? [];
  const most = decimalNumber(written);
  if (name === undefined || !Number.isFinite(most)) throw new InvalidArgumentError('Allowed: COLUMN=NUMBER.');
  const before = others.find(([other]) => other === name);
  if (before !== undefined)
    throw new InvalidArgumentError(`Allowed: one limit for each column; ${name} has ${before[1]} already.`);
  return [...others, [name, most]];
};

const atShare = (text: string, others: readonly FidelityColumn[]): readonly FidelityColumn[] => {
  const given = fidelityColumn(text);
  if (given === undefined)
    throw new InvalidArgumentError(
      'Allowed: SHARE=COLUMN, the share a number or a fraction between 0 and 1.',
    );
  return [...others, given];
};

const program = (): Command =>
  refuseClearly(
    new Command('bench tabular')
      .description('Compare search strategies on a benchmark table')
      .requiredOption('--table <file>', 'CSV or JSON table, also gzipped')
      .requiredOption('--space <name>', TABULAR_SPACES.join(', '))
      .requiredOption('--search <column>', 'the signal that the strategies see; higher is better')
      .requiredOption('--final <column>', 'the score by which the found architecture is judged')
      .option('--strategy <names>', `all, or of ${Object.keys(STRATEGIES).join(', ')}`, 'all')
      .option(
        '--evaluations <n>',
        'look-ups for each run, those after a share of the training counted by their share',
        wholeNumber(1, MOST),
        300,
      )
      .option('--runs <n>', 'runs for each strategy, seeds counted up from --seed', wholeNumber(1, MOST), 500)
      .option('--seed <n>', 'seed of the first run', wholeNumber(0), 0)
      .option('--parallelism <n>', 'trials under way at once', wholeNumber(1), 1)
      .option(
        '--limit <column=most>',
        'architectures beyond it count as infeasible; may be repeated for other columns',
        limited,
        [],
      )
      .option(
        '--fidelity <share=column>',
        'what --search is after a share of the training, such as 4/108=valid_e4; may be repeated for other shares',
        atShare,
        [],
      )
      .option(
        '--minimise <column>',
        'report the trade-off of the final score with it, for nsga-net an objective',
      )
      .option('--plot <file.svg>', 'draw the regret curves')
      .option('--plot-front <file.svg>', 'draw the fronts of --minimise')
      .option('--json', 'print one JSON document'),
  );

/**
 * `all` means every strategy that can search the space; a named one that cannot is an error naming those that
 * can.
 */
const chosen = (
  names: string,
  { space, curves }: TabularBenchmark,
  { search, minimise, fidelity }: Pick<Flags, 'search' | 'minimise' | 'fidelity'>,
): readonly string[] => {
  const hasCurve = curves.includes(search) || fidelity.length > 0;
  const able = strategiesFor(space).filter((name) => {
    const { multiFidelity, multiObjective } = strategyNamed(name);
    return (!multiFidelity || hasCurve) && (!multiObjective || minimise !== undefined);
  });
  if (names === 'all') return able;
  const named = [...new Set(names.split(',').map((text) => text.trim()))];
  if (named.includes('all'))
    throw inputError(
      '--strategy',
      names,
      'all by itself, or names of strategies',
      'leave out the one or the others',
    );
  return named.map((text) => {
    const entry = strategyNamed(text, '--strategy');
    const reason =
      entry.refuses(space) ??
      (entry.multiFidelity && !hasCurve
        ? `it needs scores after shares of the training, --fidelity SHARE=COLUMN; ${search} has final ones`
        : entry.multiObjective && minimise === undefined
          ? 'it needs a second objective, --minimise COLUMN'
          : undefined);
    if (reason !== undefined)
      throw inputError(
        '--strategy',
        entry.name,
        able.join(', '),
        `${entry.name} cannot search ${space.name}: ${reason}; choose one of the allowed`,
      );
    return entry.name;
  });
};

const number = (value: number): string => value.toFixed(3);

/**
 * Scores to a hundred-thousandth of the decade of the table's range: percent and fractions say equally much.
 */
const scoreFormat = (range: number): ((score: number) => string) => {
  const digits = range > 0 ? Math.min(12, Math.max(0, 4 - Math.floor(Math.log10(range)))) : 3;
  return (score) => score.toFixed(digits);
};

/** `93.72 ± 0.32`, of no runs a dash. */
const meanAndSd = ({ mean, sd, n }: RunStatistics, score: (value: number) => string): string =>
  n === 0 ? '–' : `${score(mean)} ± ${score(sd)}`;

const print = (comparison: Comparison): string => {
  const score = scoreFormat(comparison.optimum - comparison.worst);
  const rows = comparison.strategies.map(({ rank, name, final, copies, regret, tradeOff }) => [
    String(rank),
    name,
    meanAndSd(final, score),
    final.n === 0 ? '–' : `[${score(final.interval[0])}, ${score(final.interval[1])}]`,
    copies.toFixed(1),
    regret.map(({ evaluations, mean }) => `${evaluations}: ${score(mean)}`).join('  '),
    ...(tradeOff === undefined ? [] : [meanAndSd(tradeOff.hypervolume, number)]),
  ]);
  const header = [
    'rank',
    'strategy',
    `${comparison.final}, mean ± sd`,
    '95 % of the mean',
    'copies',
    'regret at evaluations',
    ...(comparison.strategies[0]?.tradeOff === undefined ? [] : ['hypervolume']),
  ];
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd();
  return [
    `${comparison.space}: ${comparison.runs} runs of ${comparison.evaluations} evaluations, ` +
      `seeds ${comparison.seed} to ${comparison.seed + comparison.runs - 1}, searched by ${comparison.search}`,
    `best ${comparison.final} to be found ${score(comparison.optimum)}; of the best by signal ${score(comparison.bestBySignal)}`,
    '',
    line(header),
    ...rows.map(line),
    ...comparison.strategies.flatMap(({ name, foundNothing }) => {
      if (foundNothing === 0) return [];
      return foundNothing === comparison.runs
        ? [`${name}: no run found anything within the limits`]
        : [
            `${name}: ${foundNothing} of ${comparison.runs} runs found nothing within the limits and do not count`,
          ];
    }),
    ...comparison.strategies.flatMap(({ name, summary }) =>
      Object.keys(summary).length === 0
        ? []
        : [
            `${name}, mean of a run: ${Object.entries(summary)
              .map(([what, count]) => `${what} ${number(count)}`)
              .join(', ')}`,
          ],
    ),
    '',
  ].join('\n');
};

/** Refuses, before the first run, what would be found wrong after the last. */
const checkCharts = ({ plot, plotFront, minimise }: Flags): void => {
  if (plotFront !== undefined && minimise === undefined)
    throw inputError('--plot-front', plotFront, 'with --minimise COLUMN', 'say what is to be small');
  if (plot !== undefined) checkChartFile('--plot', plot);
  if (plotFront !== undefined) checkChartFile('--plot-front', plotFront);
  if (plot !== undefined && plotFront !== undefined && resolve(plot) === resolve(plotFront))
    throw inputError('--plot-front', plotFront, 'another file than that of --plot', 'name two files');
};

/** What the table lacks, by the option that asks for it. */
const checkColumns = (table: TabularBenchmark, { search, final, limit, minimise, fidelity }: Flags): void => {
  table.column(search, '--search');
  table.column(final, '--final');
  if (fidelity.length > 0) scoreByColumns(table, search, fidelity);
  if (fidelity.length > 0 && table.curves.includes(search))
    throw inputError(
      '--fidelity',
      search,
      'columns without a learning curve',
      'leave the option out: the table has the curve',
    );
  for (const [name] of limit) table.column(name, '--limit');
  if (minimise === undefined) return;
  table.column(minimise, '--minimise');
  if (minimise === search || minimise === final)
    throw inputError(
      '--minimise',
      minimise,
      'a column that is to be small, neither that of --search nor that of --final',
      'name a cost, or leave the option out',
    );
};

/** Each run's seed is told from the next. */
const checkSeeds = ({ seed, runs }: Flags): void => {
  const most = Number.MAX_SAFE_INTEGER - (runs - 1);
  if (seed > most)
    throw inputError('--seed', seed, `whole numbers from 0 to ${most} with ${runs} runs`, 'lower the seed');
};

export const run = async (argv: readonly string[]): Promise<void> => {
  const flags = program().parse(argv, { from: 'user' }).opts<Flags>();
  checkCharts(flags);
  checkSeeds(flags);
  const table = readTable(flags.space, readTableFile(flags.table), basename(flags.table));
  checkColumns(table, flags);
  const strategies = chosen(flags.strategy, table, flags);
  const finals = [...table.column(flags.final, 'final')];
  const score = scoreFormat(max(finals) - min(finals));
  const comparison = compareStrategies(table, {
    ...flags,
    fidelities: flags.fidelity,
    strategies,
    ports: strategyPortsOnDemand(),
    ...(flags.limit.length === 0
      ? {}
      : {
          objective: {
            limits: Object.fromEntries(flags.limit.map(([name, max]) => [name, { max }])),
            weights: {},
          },
        }),
    onStrategy: ({ name, final }) => process.stderr.write(`${name}: ${meanAndSd(final, score)}\n`),
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(comparison)}\n` : print(comparison));
  if (flags.plot !== undefined)
    writeChartFile('--plot', flags.plot, plainColours(await renderChart(regretCurves(comparison))));
  const fronts = paretoFronts(comparison);
  if (flags.plotFront !== undefined && fronts !== undefined)
    writeChartFile('--plot-front', flags.plotFront, plainColours(await renderChart(fronts)));
};
