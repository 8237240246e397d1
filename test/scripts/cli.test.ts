import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { readFileSync, readdirSync } from 'node:fs';
import { buildProgram, main } from '../../scripts/cli.ts';
import { exitCodeOf } from '../../scripts/exit-code.ts';

afterEach(() => vi.restoreAllMocks());

const run = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
  let stdout = '';
  let stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
  const code = await main(['node', 'nas', ...args]);
  vi.restoreAllMocks();
  return { code, stdout, stderr };
};

/** What a person can call, with the words that call it. */
const leaves = (command: Command, words: readonly string[] = []): [string, Command][] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((inner) => inner.name() !== 'help')
    .flatMap((inner) => {
      const path = [...words, inner.name()];
      return inner.commands.length > 0 ? leaves(inner, path) : [[path.join(' '), inner] as [string, Command]];
    });

const helpOf = (command: Command): string => {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) });
  command.outputHelp();
  return text;
};

describe('nas', () => {
  it('has every file of scripts/commands in its help', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    const files = readdirSync('scripts/commands').map((file) => file.replace(/\.ts$/, ''));
    expect(files.length).toBeGreaterThan(20);
    for (const name of files) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  });

  it.each(leaves(buildProgram()))('%s has --json and examples that its options allow', (words, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json');
    const shown = helpOf(command).split('\nExamples:\n')[1] ?? '';
    const calls = [...shown.matchAll(/^ {2}\$ (?:source <\()?nas ([^#>|)\n]+)/gm)].map(([, call = '']) =>
      call.trim(),
    );
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) {
      expect(call.startsWith(words), call).toBe(true);
      const args = [...call.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
      const program = buildProgram();
      const named = leaves(program).find(([name]) => name === words)?.[1] as Command;
      let called = 0;
      named.action(() => void called++).exitOverride();
      program.parse(args, { from: 'user' });
      expect(called, call).toBe(1);
    }
  });

  it.each(['data', 'genotype'])('%s, which has commands of its own, has examples too', async (name) => {
    expect((await run(name, '--help')).stdout).toMatch(new RegExp(`Examples:\n {2}\\$ nas ${name} `));
  });

  it('says what is wrong in one line, without the issues of the schema', async () => {
    const { code, stderr } = await run(
      'run',
      'experiments/quickstart.yaml',
      '--set',
      'stages.retrain.topK=0',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^nas: --set stages\.retrain\.topK: 0 is not allowed\. .*\n$/);
  });

  it.each([
    [new InputError('x'), 2],
    [new InfrastructureError('x'), 3],
    [new Error('outer', { cause: new InputError('x') }), 2],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 3],
    [
      new Error('outer', {
        cause: new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]),
      }),
      3,
    ],
    [Object.assign(new Error('14 UNAVAILABLE'), { code: 14 }), 3],
    [new CommanderError(1, 'commander.unknownOption', 'x'), 2],
    [new CommanderError(0, 'commander.helpDisplayed', ''), 0],
    [new Error('x'), 1],
    ['x', 1],
  ])('answers %s with exit code %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('how the command is called', () => {
  it('is never by a name that a registry would be asked for', () => {
    const files = [
      'README.md',
      ...['docs', 'scripts', 'nas', 'infra', 'activities', 'workflows', 'store', 'containers'].flatMap(
        (folder) =>
          readdirSync(folder, { recursive: true, encoding: 'utf8' })
            .filter((file) => /\.(md|ts|mjs|json|yaml)$/.test(file))
            .map((file) => `${folder}/${file}`),
      ),
    ];
    const called = new RegExp('np' + 'x nas|np' + 'x cdk');
    expect(files.filter((file) => called.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});
