import { Option, type Command } from 'commander';
import { examples } from '../examples.ts';
import { wholeNumber } from '../number-option.ts';
import { VERIFIED_STAGES, type VerifiedStage } from '../verify/stages.ts';

interface Options {
  readonly at: readonly number[];
  readonly kills: number;
  readonly seed: number;
  readonly stage: VerifiedStage;
  readonly set: readonly string[];
  readonly json?: boolean;
}

const append = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

const verify = async (file: string, options: Options): Promise<void> => {
  const [
    prepare,
    { settleParallelism },
    { useConfig },
    { createS3ObjectStore },
    { verifyResume },
    { jobToVerify },
    { printReceipt },
    { findDataset },
  ] = await Promise.all([
    import('../runs/prepare-run.ts'),
    import('../runs/settle-parallelism.ts'),
    import('../config.ts'),
    import('../../store/s3-object-store.ts'),
    import('../verify/verify-resume.ts'),
    import('../verify/job-to-verify.ts'),
    import('../verify/print-receipt.ts'),
    import('../runs/check-stored.ts'),
  ]);
  const loaded = await prepare.readExperiment(file, options.set);
  const config = useConfig();
  const store = createS3ObjectStore({ bucket: config.bucket });
  const dataset = await findDataset(store, loaded);
  const experiment = await settleParallelism(config, loaded.experiment);
  const now = new Date();
  const runId = prepare.checkRunId(`verify-${prepare.defaultRunId(loaded.experiment, now)}`.slice(0, 64));
  const receipt = await verifyResume({
    store,
    record: prepare.runRecord(runId, experiment, dataset, now),
    job: jobToVerify(loaded.experiment, options.stage),
    kills: options.at.length > 0 ? { at: options.at } : { count: options.kills, seed: options.seed },
    now: () => new Date(),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(receipt)}\n` : printReceipt(receipt));
  if (!receipt.identical) process.exitCode = 1;
};

export const register = (program: Command): void => {
  program
    .command('verify-resume')
    .description('prove that a killed and resumed job ends exactly as one left alone; stores a receipt')
    .argument('<experiment>', 'YAML file; see experiments/')
    .option(
      '--at <steps...>',
      'kill after these steps (default: at random ones)',
      (value, earlier: readonly number[]) => [...earlier, wholeNumber(1)(value)],
      [],
    )
    .option('--kills <number>', 'how many random kills', wholeNumber(1), 3)
    .option('--seed <number>', 'seed of the random steps', wholeNumber(0), 0)
    .addOption(
      new Option(
        '--stage <stage>',
        'job to verify: the first search (or trial), or training a random network as stage 2 or 3 does',
      )
        .choices(VERIFIED_STAGES)
        .default('search'),
    )
    .option('--set <field=value>', 'override a field of the experiment; repeatable', append, [])
    .option('--json', 'print the receipt as JSON')
    .addHelpText(
      'after',
      examples(
        'nas verify-resume experiments/quickstart.yaml --kills 3',
        'nas verify-resume experiments/quickstart.yaml --at 40 90 --stage retrain',
      ),
    )
    .action(verify);
};
