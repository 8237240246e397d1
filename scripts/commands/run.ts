import type { Command } from 'commander';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import { examples } from '../examples.ts';
import { numberOption } from '../number-option.ts';

interface Options {
  readonly set: readonly string[];
  readonly name?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly effect?: number;
  readonly spreads?: string;
}

const append = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const dryRun = async (file: string, options: Options): Promise<void> => {
  const [{ readExperimentFile }, { planFor }] = await Promise.all([
    import('../runs/prepare-run.ts'),
    import('../runs/dry-run.ts'),
  ]);
  const { effect, spreads } = options;
  const plan = await planFor(readExperimentFile(file, options.set), options.name, undefined, {
    ...(effect === undefined ? {} : { effect }),
    ...(spreads === undefined ? {} : { spreads }),
  });
  if (options.json === true) printJson(plan.document);
  else process.stdout.write(`${plan.text}\n`);
};

const run = async (file: string, options: Options): Promise<void> => {
  const [
    prepare,
    { describeLimits, limitedNetworks },
    { checkResources },
    { settleParallelism },
    { withSession },
    { settleOrigin },
    { describeStaleCode },
    { startRun },
    { watchRun },
    { printRun },
    { findDataset, loadedOrRefused },
    { configuredStore },
    { allOrErrors },
  ] = await Promise.all([
    import('../runs/prepare-run.ts'),
    import('../../nas/estimate/network-sizes.ts'),
    import('../runs/check-resources.ts'),
    import('../runs/settle-parallelism.ts'),
    import('../runs/connect.ts'),
    import('../runs/settle-origin.ts'),
    import('../runs/stale-code.ts'),
    import('../runs/start-run.ts'),
    import('../runs/watch-run.ts'),
    import('../runs/print-run.ts'),
    import('../runs/check-stored.ts'),
    import('../runs/configured-store.ts'),
    import('../../nas/core/input-error.ts'),
  ]);
  const loaded = await loadedOrRefused(prepare.readExperimentFile(file, options.set), configuredStore);
  const now = new Date();
  const runId = prepare.checkRunId(options.name ?? prepare.defaultRunId(loaded.experiment, now));
  await withSession(async (session) => {
    const { client, store, config } = session;
    let gpuMemoryMiB: number | undefined;
    const [, dataset, found] = await allOrErrors<[void, StoredDataset, Experiment]>([
      async () => {
        gpuMemoryMiB = await checkResources(config, loaded);
      },
      () => findDataset(store, loaded, gpuMemoryMiB),
      () => prepare.withTable(store, loaded),
    ]);
    const limits = limitedNetworks(loaded.experiment, dataset.manifest);
    if (limits?.within === 0) process.stderr.write(`warning: ${describeLimits(limits)}\n`);
    const experiment = await settleParallelism(config, found);
    const origin = await settleOrigin(client, config);
    const stale = describeStaleCode(config);
    if (stale !== undefined) process.stderr.write(`warning: ${stale}\n`);
    const record = prepare.runRecord(runId, experiment, dataset, now, origin);
    await startRun(client, store, { record, taskQueue: config.taskQueue });
    process.stderr.write(
      `run ${runId} started; nas watch ${runId} follows it, nas cancel ${runId} ends it\n`,
    );
    if (config.embedded !== undefined)
      process.stderr.write(
        `Temporal: ${config.embedded.temporalUi}/namespaces/${config.temporalNamespace}/workflows/${runId}\n`,
      );
    if (options.detach === true) {
      if (options.json === true) printJson({ runId, status: 'running', stages: [] });
      else process.stdout.write(`${runId}\n`);
      return;
    }
    const view = await watchRun(session, runId);
    if (options.json === true) printJson(view);
    else process.stdout.write(`${printRun(view)}\n`);
    if (view.status !== 'done') process.exitCode = 1;
  });
};

export const register = (program: Command): void => {
  program
    .command('run')
    .description('start an experiment and follow it to its end')
    .argument('<experiment>', 'YAML file; see experiments/')
    .option(
      '--set <field=value>',
      'override a field, e.g. stages.search.recipe.epochs=10; repeatable',
      append,
      [],
    )
    .option('--name <name>', 'name of the run (the experiment and the time)')
    .option('--detach', 'return as soon as the run has started')
    .option(
      '--dry-run',
      'print the resolved experiment, the jobs, their cost and what the verdict can see; start nothing',
    )
    .option(
      '--effect <points>',
      'with --dry-run: a difference in test score, as it is printed; says how many searches it needs',
      numberOption('numbers above 0', (value) => value > 0 && Number.isFinite(value)),
    )
    .option(
      '--spreads <searches,trainings|run>',
      'with --dry-run: standard deviations of winners of different searches and of trainings of one, or a run that measured them',
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        'nas run experiments/quickstart.yaml --dry-run',
        'nas run experiments/quickstart.yaml --dry-run --effect 0.5 --spreads my-run',
        'nas run experiments/quickstart.yaml --name my-run --set stages.search.recipe.epochs=10',
        'nas run experiments/quickstart.yaml --detach --json',
      ),
    )
    .action(async (file: string, options: Options) => {
      const { inputError } = await import('../../nas/core/input-error.ts');
      if (options.dryRun === true) return dryRun(file, options);
      for (const [option, value] of Object.entries({
        '--effect': options.effect,
        '--spreads': options.spreads,
      }))
        if (value !== undefined)
          throw inputError(
            option,
            value,
            'only together with --dry-run',
            'add --dry-run, which starts nothing',
          );
      return run(file, options);
    });
};
