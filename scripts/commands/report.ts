import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { RUN } from '../run-argument.ts';

export const register = (program: Command): void => {
  program
    .command('report')
    .description('fetch the report of a run, or make one of a run that is under way')
    .argument('<run>', RUN)
    .option(
      '--out <folder>',
      'where to write its files (default: reports/<run> beside the stack’s state, or here)',
    )
    .option('--json', 'print report.json; files are written only with --out')
    .addHelpText(
      'after',
      examples(
        'nas report my-run',
        'nas report my-run --out my-report',
        'nas report my-run --json | jq .verdict',
      ),
    )
    .action(async (run: string, options: { readonly out?: string; readonly json?: boolean }) => {
      const [{ withSession }, { fetchReport }, { writeFiles }] = await Promise.all([
        import('../runs/connect.ts'),
        import('../runs/fetch-report.ts'),
        import('../runs/write-files.ts'),
      ]);
      await withSession(async (session) => {
        const files = await fetchReport(session, run);
        const folder = resolve(options.out ?? join(session.config.embedded?.home ?? '.', 'reports', run));
        if (options.json !== true || options.out !== undefined) {
          const placed = Object.entries(files).map(([path, text]) => [join(folder, path), text] as const);
          await writeFiles('--out', Object.fromEntries(placed));
        }
        process.stdout.write(
          options.json === true ? files['report.json'] : `report: ${join(folder, 'report.html')}\n`,
        );
      });
    });
};
