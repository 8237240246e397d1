import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('down')
    .description('stop the embedded stack; runs continue after the next nas up')
    .option('--wipe', 'delete its state too: every run, checkpoint and data set in it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas down', 'nas down --wipe        # its runs and data too'))
    .action(async (options: { readonly wipe?: boolean; readonly json?: boolean }) => {
      const [{ stackDown }, { layoutOf, stackHome }, { withLock }, { existsSync }] = await Promise.all([
        import('../../infra/local/stack/down.ts'),
        import('../../infra/local/stack/layout.ts'),
        import('../setup/cache.mjs'),
        import('node:fs'),
      ]);
      const layout = layoutOf(stackHome());
      const stopped = existsSync(layout.home)
        ? await withLock(layout.lock, () =>
            stackDown(layout, {
              wipe: options.wipe === true,
              say: (line) => process.stderr.write(`${line}\n`),
            }),
          )
        : [];
      if (options.json === true) process.stdout.write(`${JSON.stringify({ stopped })}\n`);
      else
        process.stderr.write(
          stopped.length === 0 ? 'nothing was running\n' : `stopped: ${stopped.join(', ')}\n`,
        );
    });
};
