import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../scripts/cli.ts';
import { COMPLETION_SCRIPTS } from '../../../scripts/completion/shells.ts';
import { candidates } from '../../../scripts/completion/words.ts';

const words = (...line: string[]): string[] => candidates(buildProgram(), line).map(({ word }) => word);

describe('what may follow the words of a command line', () => {
  it.each([
    [['verify'], ['verify-resume']],
    [
      ['data', ''],
      ['list', 'add', 'verify', 'help'],
    ],
    [
      ['run', '--d'],
      ['--detach', '--dry-run'],
    ],
    [
      ['verify-resume', '--stage', ''],
      ['search', 'retrain', 'evaluate'],
    ],
    [['verify-resume', 'x.yaml', '--kills', '3', '--stage', 're'], ['retrain']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'bash', ''], []],
    [['run', ''], []],
    [['run', '--name', ''], []],
    [['no-command', ''], []],
  ])('%j: %j', (line, expected) => {
    expect(words(...line)).toEqual(expected);
  });

  it('offers every command, and none that is hidden', () => {
    expect(words('')).toEqual(expect.arrayContaining(['run', 'watch', 'completion']));
    expect(words('')).not.toContain('complete');
  });
});

const bash = (line: readonly string[]) =>
  spawnSync(
    'bash',
    [
      '-c',
      `${COMPLETION_SCRIPTS.bash}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nas; printf '%s\\n' "\${COMPREPLY[@]}"`,
      'bash',
      ...line,
    ],
    { encoding: 'utf8', env: { ...process.env, PATH: `${resolve('bin')}:${process.env['PATH']}` } },
  );

describe('the script for bash', () => {
  it('completes commands, options and values, and leaves files to the shell', () => {
    expect(bash(['nas', 'run', '--de']).stdout).toBe('--detach\n');
    expect(bash(['nas', 'verify-resume', '--stage', 'e']).stdout).toBe('evaluate\n');
    expect(bash(['nas', 'run', 'exp']).stdout).toBe('\n');
  });
});
