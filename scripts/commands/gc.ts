import type { Command } from 'commander';
import type { GarbageReport } from '../../store/garbage.ts';
import { examples } from '../examples.ts';
import { numberOption } from '../number-option.ts';

const HOUR_MS = 3_600_000;

const hours = numberOption('numbers from 1', (value) => value >= 1 && Number.isFinite(value));

const text = (report: GarbageReport, graceHours: number, size: (bytes: number) => string): string =>
  [
    `${report.scanned.objects} objects, ${size(report.scanned.bytes)}`,
    `${report.dryRun ? 'would delete' : 'deleted'} ${report.deleted.objects} objects, ${size(report.deleted.bytes)}`,
    `${report.condemned.objects} objects, ${size(report.condemned.bytes)} unreferenced, deleted by a collection ${graceHours} h after they were found`,
    `${report.dryRun ? 'would abort' : 'aborted'} ${report.uploads.aborted} unfinished uploads`,
    ...report.untouched.map((job) => `left alone, its checkpoints are damaged: ${job}`),
    '',
  ].join('\n');

export const register = (program: Command): void => {
  program
    .command('gc')
    .description('delete checkpoints and blobs that no run, report, receipt or data set refers to')
    .option('--dry-run', 'report only, change nothing', false)
    .option('--grace-hours <hours>', 'how long an unreferenced object is left alone, twice', hours, 24)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', examples('nas gc --dry-run', 'nas gc --grace-hours 48'))
    .action(async (options: { dryRun: boolean; graceHours: number; json: boolean }) => {
      const { graceHours } = options;
      const [{ collectGarbage }, { createS3ObjectStore }, { QUICK }, { useConfig }, { size }] =
        await Promise.all([
          import('../../store/garbage.ts'),
          import('../../store/s3-object-store.ts'),
          import('../../store/s3-retries.ts'),
          import('../config.ts'),
          import('../runs/format.ts'),
        ]);
      const store = createS3ObjectStore({ bucket: useConfig().bucket, retries: QUICK });
      const report = await collectGarbage(store, {
        graceMs: graceHours * HOUR_MS,
        now: Date.now(),
        dryRun: options.dryRun,
      });
      process.stdout.write(
        options.json ? `${JSON.stringify(report, null, 2)}\n` : text(report, graceHours, size),
      );
    });
};
