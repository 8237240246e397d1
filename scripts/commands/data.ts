import type { Command } from 'commander';
import { Option } from 'commander';
import { examples } from '../examples.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { numberOption, wholeNumber } from '../number-option.ts';
import type { ImageOptions } from '../data/add-images.ts';
import type { TextOptions } from '../data/add-texts.ts';
import type { AddOptions } from '../data/importer.ts';

/** Works with the configured store. Throws `InfrastructureError` where it does not answer. */
const withStore = async <T>(work: (store: ObjectStore) => Promise<T>): Promise<T> => {
  const [{ useConfig }, { createS3ObjectStore }, { QUICK }, { StorageError }, { infrastructureError }] =
    await Promise.all([
      import('../config.ts'),
      import('../../store/s3-object-store.ts'),
      import('../../store/s3-retries.ts'),
      import('../../store/object-store.ts'),
      import('../../nas/core/infrastructure-error.ts'),
    ]);
  const config = useConfig();
  try {
    return await work(createS3ObjectStore({ bucket: config.bucket, retries: QUICK }));
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    const fix =
      config.embedded === undefined
        ? `check bucket, region and credentials in ${config.source}, then nas doctor`
        : 'nas up starts what does not run, nas doctor says what is wrong';
    throw infrastructureError('the store does not do what it is asked', fix, { cause });
  }
};

const summary = async ({ manifest }: StoredDataset) => {
  const { taskOf } = await import('../../nas/task/tasks.ts');
  const { name, task, splits, sha256, source, licence, verified } = manifest;
  const { fields, text } = taskOf(task).listed(manifest);
  const document = {
    name,
    ...(task === undefined ? {} : { task }),
    train: splits.train.count,
    ...(splits.validation === undefined ? {} : { validation: splits.validation.count }),
    test: splits.test.count,
    ...fields,
    sha256,
    source,
    licence,
    verified,
  };
  return { document, row: [name, text, `${splits.train.count}`, `${splits.test.count}`, licence, verified] };
};

const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

interface Checked {
  readonly name: string;
  readonly problems: readonly string[];
}

/** The data set of that name. Throws `InputError` where there is none. */
const datasetNamed = async (store: ObjectStore, name: string): Promise<StoredDataset> => {
  const [{ findDatasets, readDataset }, { inputError }, { suggestion }] = await Promise.all([
    import('../../store/datasets.ts'),
    import('../../nas/core/input-error.ts'),
    import('../../nas/core/nearest.ts'),
  ]);
  const stored = await readDataset(store, name);
  if (stored !== undefined) return stored;
  const names = (await findDatasets(store)).intact.map(({ manifest }) => manifest.name);
  throw inputError(
    'data set',
    name,
    names.join(', ') || 'none is there yet',
    suggestion(name, names, 'nas data add'),
  );
};

/** Verifies the data set of that name, or all. Throws `InputError` for a name that is not in the store. */
const verifyAll = async (store: ObjectStore, name: string | undefined): Promise<readonly Checked[]> => {
  const [{ findDatasets, verifyDataset }, { inputError }, { suggestion }] = await Promise.all([
    import('../../store/datasets.ts'),
    import('../../nas/core/input-error.ts'),
    import('../../nas/core/nearest.ts'),
  ]);
  const { intact, damaged } = await findDatasets(store);
  const chosen = intact.filter(({ manifest }) => name === undefined || manifest.name === name);
  const broken = damaged.filter((item) => name === undefined || item.name === name);
  if (name !== undefined && chosen.length + broken.length === 0) {
    const names = intact.map(({ manifest }) => manifest.name);
    const allowed = names.join(', ') || 'none is there yet';
    throw inputError('data set', name, allowed, suggestion(name, names, 'nas data add'));
  }
  const checked: Checked[] = broken.map((item) => ({ name: item.name, problems: [item.problem] }));
  for (const { manifest } of chosen) {
    checked.push({ name: manifest.name, problems: await verifyDataset(store, manifest) });
  }
  return checked;
};

/** Progress to stderr: one line that rewrites itself on a terminal, one line a subject elsewhere. */
const progressLine = (): { show: NonNullable<AddOptions['onProgress']>; end: () => void } => {
  const terminal = process.stderr.isTTY;
  let last = '';
  return {
    show: (what, done, total) => {
      const percent =
        done !== undefined && total !== undefined ? Math.floor((100 * done) / total) : undefined;
      const text = percent === undefined || !terminal ? what : `${what} ${percent} %`;
      if (text === last) return;
      last = text;
      process.stderr.write(terminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end: () => {
      if (terminal && last !== '') process.stderr.write('\n');
    },
  };
};

export const register = (program: Command): void => {
  const data = program
    .command('data')
    .description('data sets: list, add, show, verify')
    .addHelpText('after', examples('nas data list', 'nas data add mine --from ~/images'));

  data
    .command('list')
    .description('data sets in the store')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas data list'))
    .action(async (options: { json?: true }) => {
      const [{ KNOWN }, { findDatasets }, { listTables }, { table }] = await Promise.all([
        import('../data/add-dataset.ts'),
        import('../../store/datasets.ts'),
        import('../../store/tables.ts'),
        import('../runs/format.ts'),
      ]);
      const { intact, damaged } = await withStore(findDatasets);
      const stored = await Promise.all(intact.map(summary));
      const present = new Set(
        [...stored.map(({ document }) => document), ...damaged].map(({ name }) => name),
      );
      const addable = KNOWN.filter((name) => !present.has(name));
      const tables = await withStore(listTables);
      if (options.json)
        return printJson({ datasets: stored.map(({ document }) => document), damaged, tables, addable });
      const header = ['name', 'data', 'train', 'test', 'licence', 'checked by'];
      process.stdout.write(`${table([header, ...stored.map(({ row }) => row)])}\n`);
      for (const { name, space, rows, columns } of tables)
        process.stdout.write(`${name}: table of ${rows} architectures of ${space}: ${columns.join(', ')}\n`);
      for (const { problem } of damaged) process.stderr.write(`damaged: ${problem}\n`);
      if (addable.length > 0) process.stderr.write(`more with nas data add: ${addable.join(', ')}\n`);
    });

  data
    .command('add')
    .description('import a data set, check it, and write it to the store once')
    .argument(
      '<data set>',
      'fashion-mnist, cifar10, cifar100, opticks, ptb, wikitext-2, text, nas-bench-macro, nas-bench-201, nas-bench-101, darts-curves, or, with --from FOLDER, a name for your own images',
    )
    .option(
      '--from <path>',
      'official archive, its extracted files, idx files, a folder per class of images, a .csv of paths and labels, a text or a folder with its three parts; else the official files are downloaded',
    )
    .option(
      '--labels <file>',
      'images: .csv with path, label and perhaps split of each, in place of folders a class',
    )
    .addOption(
      new Option(
        '--structure <what>',
        'images: what the folders at the top are, where that is not clear',
      ).choices(['splits', 'classes']),
    )
    .option('--skip-broken', 'images: leave broken files out instead of refusing them')
    .option('--name <name>', 'name in the store, where it is to differ')
    .option('--size <pixels>', 'images: scale and crop to this side', wholeNumber(1))
    .option('--files', 'images: keep the files and decode them while training; for sets larger than memory')
    .addOption(new Option('--channels <n>', 'images: 1 grey, 3 colour').choices(['1', '3']))
    .option(
      '--test-fraction <fraction>',
      'images without a test folder: part of each class held out (default 0.2)',
      numberOption('between 0 and 1, exclusive', (value) => value > 0 && value < 1),
    )
    .option('--split-seed <seed>', 'seed of that part (default 0)', wholeNumber(0))
    .option('--split <shares>', 'one text: percent of its lines to train, validate and test on, as 80/10/10')
    .option(
      '--vocabulary <types>',
      'texts: keep the most frequent types; the others become <unk>',
      wholeNumber(3),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas data add cifar10',
        'nas data add ptb --from simple-examples/data',
        'nas data add my-images --from photos --size 32 --test-fraction 0.1',
      ),
    )
    .action(
      async (
        named: string,
        options: Omit<ImageOptions, 'channels'> &
          TextOptions & { name?: string; channels?: '1' | '3'; json?: true },
      ) => {
        const { addDataset } = await import('../data/add-dataset.ts');
        const { ADDABLE_BENCHMARKS, addBenchmark } = await import('../data/add-benchmark.ts');
        const { channels, json, ...rest } = options;
        if (ADDABLE_BENCHMARKS.includes(named)) {
          const { manifest, created } = await withStore((store) => addBenchmark(store, named, rest));
          if (json) return printJson({ created, table: manifest });
          process.stdout.write(
            `${manifest.name}: table of ${manifest.rows} architectures ${created ? 'written' : 'was there already'}\n`,
          );
          return;
        }
        const { show, end } = progressLine();
        const added = await withStore((store) =>
          addDataset(store, named, {
            ...rest,
            ...(channels === undefined ? {} : { channels: channels === '1' ? 1 : 3 }),
            onProgress: show,
          }),
        ).finally(end);
        const { created, manifest, text, document } = added;
        const { document: dataset } = await summary(added);
        if (json) return printJson({ created, dataset, ...document });
        const { name, train, test, validation } = dataset as typeof dataset & { validation?: number };
        const apart = manifest.splits.validation !== undefined;
        const own =
          validation === undefined
            ? ''
            : apart
              ? `, ${validation} validation`
              : ` (${validation} of them for validation)`;
        const { termsOf } = await import('../../nas/task/terms.ts');
        process.stdout.write(
          `${name}: ${train} training${own} and ${test} test ${termsOf(manifest.task).example}s ${created ? 'written' : 'were there already'}\n` +
            `${text}\n`,
        );
      },
    );

  data
    .command('show')
    .description('all that is known of a data set in the store')
    .argument('<name>', 'of the data set')
    .option('--json', 'print its manifest')
    .addHelpText('after', examples('nas data show opticks'))
    .action(async (name: string, options: { json?: true }) => {
      const [{ taskOf }, { reportedData }, { table }] = await Promise.all([
        import('../../nas/task/tasks.ts'),
        import('../../nas/task/task.ts'),
        import('../runs/format.ts'),
      ]);
      const { manifest } = await withStore((store) => datasetNamed(store, name));
      if (options.json) return printJson(manifest);
      const { source, licence, verified, sha256 } = manifest;
      const rows = [
        ['name', name],
        ...taskOf(manifest.task).reported(reportedData(manifest)),
        ['source', source],
        ['licence', licence],
        ['checked by', verified],
        ['sha256', sha256],
      ];
      process.stdout.write(`${table(rows as string[][])}\n`);
    });

  data
    .command('verify')
    .description('read every byte of the data sets in the store and check it')
    .argument('[data set]', 'name in the store; all data sets by default')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas data verify', 'nas data verify cifar10 --json'))
    .action(async (name: string | undefined, options: { json?: true }) => {
      const checked = await withStore((store) => verifyAll(store, name));
      if (checked.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
      if (options.json) return printJson({ datasets: checked });
      for (const { name: checkedName, problems } of checked) {
        process.stdout.write(`${checkedName}: ${problems.length === 0 ? 'ok' : problems.join('\n  ')}\n`);
      }
    });
};
