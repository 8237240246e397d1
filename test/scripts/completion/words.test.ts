import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../scripts/cli.ts';
import { FILES, SOURCES } from '../../../scripts/completion/values.ts';
import { placeAfter } from '../../../scripts/completion/words.ts';

const words = (...line: string[]): string[] => {
  const place = placeAfter(buildProgram(), line);
  return place.kind === 'words' ? place.words.map(({ word }) => word) : [`<${place.name}>`];
};

describe('what may follow the words of a command line', () => {
  it.each([
    [['verify'], ['verify-resume']],
    [
      ['data', ''],
      ['list', 'add', 'show', 'verify', 'help'],
    ],
    [
      ['run', '--d'],
      ['--detach', '--dry-run', '--debug'],
    ],
    [
      ['verify-resume', '--stage', ''],
      ['search', 'retrain', 'evaluate'],
    ],
    [['verify-resume', 'x.yaml', '--kills', '3', '--stage', 're'], ['retrain']],
    [['verify-resume', '--stage=re'], ['--stage=retrain']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'bash', ''], []],
    [['run', ''], ['<experiment>']],
    [['run', '--', '--d'], ['<experiment>']],
    [['run', '--name', ''], ['<name>']],
    [['status', 'ru'], ['<run>']],
    [['status', 'list', ''], []],
    [['compare', 'a', ''], ['<other run>']],
    [['logs', 'a', ''], ['<job>']],
    [['list', '--space', 'dar'], ['<space>']],
    [['list', '--space=dar'], ['<space>']],
    [['no-command', ''], []],
  ])('%j: %j', (line, expected) => {
    expect(words(...line)).toEqual(expected);
  });

  it('tells what a value of an option has begun with, and what stands in front of it', () => {
    const program = buildProgram();
    expect(placeAfter(program, ['cancel', 'my-run', '--job=stage-1/'])).toMatchObject({
      name: 'job',
      begun: 'stage-1/',
      prefix: '--job=',
      args: ['my-run'],
    });
  });

  it('offers every command, and none that is hidden', () => {
    expect(words('')).toEqual(expect.arrayContaining(['run', 'watch', 'completion']));
    expect(words('')).not.toContain('complete');
  });

  it('knows every value by name, or knows that nobody can', () => {
    const free =
      /^(<|\[)(n|name|field=value|option=value|time|fraction|seed|pixels|seconds|number|hours|points?|port|steps|shares|types|searches,trainings)\b/;
    const named: string[] = [];
    const walk = (command: ReturnType<typeof buildProgram>): void => {
      for (const { argChoices, flags } of command.options) {
        const [value] = /[<[].+?[>\]]/.exec(flags) ?? [];
        if (value !== undefined && argChoices === undefined) named.push(value);
      }
      for (const argument of command.registeredArguments)
        if (argument.argChoices === undefined) named.push(`<${argument.name()}>`);
      command.commands.filter((inner) => inner.name() !== 'complete').forEach(walk);
    };
    walk(buildProgram());
    expect(named.length).toBeGreaterThan(60);
    const isKnown = (name: string): boolean => FILES.has(name) || SOURCES.has(name);
    const left = named.filter((value) => !free.test(value) && !isKnown(value.slice(1, -1)));
    expect([...new Set(left)]).toEqual([]);
  });
});
