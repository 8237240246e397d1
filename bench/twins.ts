/** The PyTorch twins of `bench step` against golden fixtures: `npm run -s bench -- twins FILE…`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { inputError } from '../nas/core/input-error.ts';
import { installTorch } from './torch/install.ts';
import { refuseClearly } from '../scripts/refusals.ts';

const CHECK = fileURLToPath(new URL('torch/check.py', import.meta.url));

/**
 * Outputs, gradients and statistics of each file's network, one line a file; exit code 1 where a twin
 * disagrees.
 */
export const run = async (argv: readonly string[]): Promise<void> => {
  const command = refuseClearly(
    new Command('bench twins')
      .description('Compares the PyTorch twins of the step benchmark with golden fixtures')
      .argument('<files...>', 'fixtures of the kinds darts-cnn-supernet, darts-cnn-final and rnas-cnn'),
  );
  command.parse([...argv], { from: 'user' });
  const files = command.args;
  for (const file of files)
    await access(file).catch(() => {
      throw inputError('files', file, 'readable .safetensors files', 'check the path');
    });
  const { python, packages } = await installTorch();
  const child = spawn(python, [CHECK, ...files], {
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) process.exitCode = 1;
};
