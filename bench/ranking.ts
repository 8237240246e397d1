/**
 * How well shared-weight scores rank cells, and how good the cell is that a search chooses, by a benchmark's
 * truth: `npm run -s bench -- ranking --help`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import pLimit from 'p-limit';
import { parseJson } from '../nas/core/json.ts';
import { readTable } from '../nas/benchmark/formats.ts';
import { inputError } from '../nas/core/input-error.ts';
import { kendallTau, pairedInterval, seedStatistics } from '../nas/protocol/statistics.ts';
import { nasBench201, type NasBench201Genotype } from '../nas/space/nas-bench-201.ts';
import { prepareImages } from './ranking/images.ts';
import { PUBLISHED_TRUTH } from './ranking/published.ts';
import { METHODS, outcomeSchema, scoredCells, type Method, type Setting } from './ranking/spec.ts';
import { readTableFile } from '../scripts/data/add-benchmark.ts';
import { wholeNumber } from '../scripts/number-option.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly table: string;
  readonly column: string;
  readonly images: string;
  readonly state: string;
  readonly methods: readonly Method[];
  readonly seeds: readonly number[];
  readonly parallel: number;
  readonly side: number;
  readonly channels: number;
  readonly layers: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly cells: number;
  readonly scoreMinibatches: number;
  readonly json?: true;
}

const methods = (text: string): Method[] =>
  text.split(',').map((name) => {
    if (!(METHODS as readonly string[]).includes(name))
      throw new InvalidArgumentError(`Allowed: ${METHODS.join(', ')}.`);
    return name as Method;
  });

const program = (): Command =>
  refuseClearly(
    new Command('bench ranking')
      .description(
        'Kendall’s τ between shared-weight scores and accuracies of NAS-Bench-201, and the accuracy of the cell that each search chooses',
      )
      .requiredOption('--table <file>', 'CSV table of NAS-Bench-201, also gzipped')
      .requiredOption('--images <path>', 'CIFAR-10: the binary archive, or a folder of images for each class')
      .requiredOption(
        '--state <folder>',
        'where supernets and scores are kept; a second run goes on from there',
      )
      .option('--column <name>', 'the truth', 'c10_test_mean3')
      .option('--methods <names>', METHODS.join(', '), methods, [...METHODS])
      .option('--seeds <list>', 'search seeds', (text) => text.split(',').map(wholeNumber(0)), [0, 1, 2])
      .option('--parallel <n>', 'supernets trained at once, one thread each', wholeNumber(1), 2)
      .option('--side <pixels>', 'of the images, which are scaled down to it', wholeNumber(8), 16)
      .option('--channels <n>', 'C of the supernet', wholeNumber(1), 16)
      .option('--layers <n>', 'searched cells', wholeNumber(3), 3)
      .option(
        '--epochs <n>',
        'over the training half; mixtures get a quarter, at about the same cost',
        wholeNumber(1),
        32,
      )
      .option('--batch-size <n>', 'images of a training minibatch', wholeNumber(1), 64)
      .option('--cells <n>', 'distinct cells that are scored', wholeNumber(4), 256)
      .option('--score-minibatches <n>', 'of 128 validation images, for each cell', wholeNumber(1), 8)
      .option('--json', 'print one JSON document'),
  );

/** What a worker leaves: a score of each cell, and the cell that the search itself chose. */
const WORKER = fileURLToPath(new URL('ranking/worker.ts', import.meta.url));
const RUN = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url));

const train = (folder: string, method: Method, seed: number, setting: Setting): Promise<void> =>
  new Promise((resolve, reject) => {
    const args = [RUN, WORKER, folder, method, String(seed), JSON.stringify(setting)];
    spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
      .on('error', reject)
      .on('exit', (code, signal) =>
        code === 0
          ? resolve()
          : reject(new Error(`${method}, seed ${seed}: worker ended with ${code ?? signal}`)),
      );
  });

/** A folder holds the supernets of one setting. */
const checkFolder = (folder: string, setting: Setting): void => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'setting.json');
  const text = JSON.stringify(setting);
  if (!existsSync(file)) writeFileSync(file, text);
  const found = readFileSync(file, 'utf8');
  if (found !== text)
    throw inputError(
      '--state',
      folder,
      `a folder of the setting ${text}`,
      `it holds ${found}; name another folder`,
    );
};

export const run = async (argv: readonly string[]): Promise<void> => {
  const flags = program()
    .parse([...argv], { from: 'user' })
    .opts<Flags>();
  const { side, channels, layers, epochs, batchSize, cells, scoreMinibatches } = flags;
  const setting: Setting = { side, channels, layers, epochs, batchSize, cells, scoreMinibatches };
  const table = readTable('nas-bench-201', readTableFile(flags.table), flags.table);
  const column = table.column(flags.column, '--column');
  const truthOf = (cell: NasBench201Genotype): number => column[table.rowOf([...cell])] as number;
  const truth = scoredCells(cells).map(truthOf);
  checkFolder(flags.state, setting);
  await prepareImages(flags.images, side, join(flags.state, 'images'));

  const limit = pLimit(flags.parallel);
  const rows = flags.methods.flatMap((method) => flags.seeds.map((seed) => ({ method, seed })));
  const ranked = await Promise.all(
    rows.map(({ method, seed }) =>
      limit(async () => {
        const file = join(flags.state, `${method}-seed-${seed}.json`);
        if (!existsSync(file)) await train(flags.state, method, seed, setting);
        const { scores, chosen } = parseJson(outcomeSchema, readFileSync(file, 'utf8'));
        const { tau, interval } = kendallTau(scores, truth);
        const chosenTruth = truthOf(nasBench201.parse(chosen, `${file}: chosen`));
        return { method, seed, interval, ...(tau !== undefined && { tau }), chosen, chosenTruth };
      }),
    ),
  );
  const summary = flags.methods.map((method) => {
    const taus = ranked.flatMap((row) => (row.method === method ? [row.tau ?? 0] : []));
    const { mean, sd, n } = seedStatistics(taus);
    const interval =
      n > 1
        ? pairedInterval(
            taus,
            taus.map(() => 0),
            [-1, 1],
          ).interval
        : undefined;
    const truths = ranked.flatMap((row) => (row.method === method ? [row.chosenTruth] : []));
    return {
      method,
      tau: { mean, sd, n, ...(interval && { interval }) },
      chosenTruth: seedStatistics(truths),
    };
  });

  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ setting, column: flags.column, ranked, summary, published: PUBLISHED_TRUTH }, null, 2)}\n`,
    );
    return;
  }
  const digits = (value: number): string => value.toFixed(3);
  const points = (value: number): string => value.toFixed(2);
  const published = (method: keyof typeof PUBLISHED_TRUTH): string => {
    const truth = PUBLISHED_TRUTH[method];
    return truth === null ? 'not' : `${points(truth.mean)} ± ${points(truth.sd)}`;
  };
  const lines = [
    `Kendall’s τ between shared-weight scores and ${flags.column}, ${cells} cells of NAS-Bench-201`,
    `images of ${side} × ${side}; supernet C = ${channels}, ${layers} cells, ${epochs} epochs of batch ${batchSize}; ${scoreMinibatches} × 128 images score a cell`,
    ...ranked.map(
      ({ method, seed, tau, interval, chosen, chosenTruth }) =>
        `${method.padEnd(22)} seed ${seed}  τ ${tau === undefined ? 'undefined' : digits(tau)}  95 % [${interval.map(digits).join(', ')}]  chose ${chosen}, which has ${points(chosenTruth)}`,
    ),
    ...summary.map(
      ({ method, tau: { mean, sd, n, interval } }) =>
        `${method.padEnd(22)} mean ${digits(mean)} ± ${digits(sd)} (n = ${n})${interval ? `  95 % [${interval.map(digits).join(', ')}]` : ''}`,
    ),
    `${flags.column} of the chosen cells, and what was published for CIFAR-10 with 15 cells, 32 × 32 pixels and more epochs (Dong & Yang 2020, Table 5)`,
    ...summary.map(
      ({ method, chosenTruth: { mean, sd, n } }) =>
        `${method.padEnd(22)} mean ${points(mean)} ± ${points(sd)} (n = ${n})  published ${published(method)}`,
    ),
    `${'GDAS'.padEnd(22)} not searched here  published ${published('gdas')}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
};
