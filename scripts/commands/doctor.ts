import type { Command } from 'commander';
import { examples } from '../examples.ts';

export const register = (program: Command): void => {
  program
    .command('doctor')
    .description('check every dependency, endpoint and permission, and print the fix of what fails')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('nas doctor', "nas doctor --json | jq '.checks[] | select(.ok | not)'"))
    .action(async (options: { readonly json?: boolean }) => {
      const [
        { machineChecks },
        { stackChecks },
        { endpointChecks },
        { useConfig },
        { check },
        { lockChecks },
      ] = await Promise.all([
        import('../doctor/machine.ts'),
        import('../doctor/stack.ts'),
        import('../doctor/endpoints.ts'),
        import('../config.ts'),
        import('../doctor/check.ts'),
        import('../doctor/locks.ts'),
      ]);
      const checks = [...(await machineChecks()), ...(await lockChecks())];
      let config: ReturnType<typeof useConfig> | undefined;
      checks.push(
        await check('configuration', 'nas up, or write nas.config.yaml (docs/aws.md)', () => {
          config = useConfig();
          return config.source;
        }),
      );
      if (config !== undefined) {
        if (config.embedded !== undefined) checks.push(...(await stackChecks()));
        checks.push(...(await endpointChecks(config)));
      }
      const ok = checks.every((result) => result.ok);
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ ok, checks })}\n`);
      } else {
        const width = Math.max(...checks.map(({ name }) => name.length));
        for (const { name, ok, found, fix } of checks) {
          process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${found}\n`);
          if (!ok && fix !== undefined) process.stdout.write(`      ${' '.repeat(width)}  fix: ${fix}\n`);
        }
      }
      if (!ok) process.exitCode = 3;
    });
};
