/**
 * `npm start`: set-up, the embedded stack, and the quickstart experiment to its end; `npm start -- --down`
 * stops the stack. Other arguments go to `nas run`, e.g. `npm start -- --set stages.evaluate.seeds='[0]'`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUpOrExit } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs `nas …` and answers what it prints to stdout; ends this process with its exit code when it fails.
 * @param {'pipe' | 'inherit'} stdout
 * @param {...string} args
 */
const nas = (stdout, ...args) => {
  const result = spawnSync(process.execPath, ['scripts/nas.mjs', ...args], {
    cwd: root,
    stdio: ['inherit', stdout, 'inherit'],
    encoding: 'utf8',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  return result.stdout;
};

const args = process.argv.slice(2);
if (args.includes('--down')) {
  nas('inherit', 'down');
} else {
  await setUpOrExit();
  const { endpoints } = JSON.parse(nas('pipe', 'up', '--json'));
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const run = `quickstart-${time}`;
  nas('inherit', 'run', 'experiments/quickstart.yaml', '--name', run, ...args);
  nas('inherit', 'report', run);
  process.stdout.write(`Temporal: ${endpoints.temporalUi}\n`);
  process.stderr.write(
    'The stack goes on running: bin/nas --help lists what it can do, npm start -- --down stops it.\n',
  );
}
