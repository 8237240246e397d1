import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../scripts/cli.ts';

afterEach(() => vi.restoreAllMocks());

const refused = async (...args: string[]): Promise<string> => {
  let stderr = '';
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
  expect(await main(['node', 'nas', ...args])).toBe(2);
  return stderr;
};

const inHelp = (command: string): string => `nas ${command} --help shows its options and examples`;

describe('what the command line refuses', () => {
  it.each([
    [
      ['down', '--wiped'],
      `down [options]: "--wiped" is not allowed. Allowed: --wipe, --json, --help, --debug. Fix: did you mean --wipe? ${inHelp('down')}`,
    ],
    [
      ['down', '--wiped=yes'],
      `down [options]: "--wiped=yes" is not allowed. Allowed: --wipe, --json, --help, --debug. Fix: did you mean --wipe? ${inHelp('down')}`,
    ],
    [
      ['data', 'verify', '-x'],
      `data verify [options]: "-x" is not allowed. Allowed: --json, --help, --debug. Fix: ${inHelp('data verify')}`,
    ],
    [
      ['--nope', 'list'],
      '[options]: "--nope" is not allowed. Allowed: --version, --debug, --help. Fix: nas --help shows its options and examples',
    ],
    [
      ['genotype', 'shw'],
      `genotype [command]: "shw" is not allowed. Allowed: show, draw, help. Fix: did you mean show? ${inHelp('genotype')}`,
    ],
    [
      ['status'],
      `status <run>: nothing is given. Allowed: name of a run; nas list shows them. Fix: nas status <run>; ${inHelp('status')}`,
    ],
    [
      ['compare', 'a'],
      `compare <other run>: nothing is given. Allowed: name of another; nas list shows them. Fix: nas compare <run> <other run>; ${inHelp('compare')}`,
    ],
    [
      ['completion'],
      `completion <shell>: nothing is given. Allowed: bash, zsh, fish. Fix: nas completion <shell>; ${inHelp('completion')}`,
    ],
    [
      ['fork', 'my-run'],
      `fork --from-stage <n>: nothing is given. Allowed: first stage that is run again: 2 or 3. Fix: add --from-stage <n>; ${inHelp('fork')}`,
    ],
    [
      ['list', '--limit'],
      `list --limit <n>: nothing is given. Allowed: so many of them, the newest. Fix: add --limit <n>; ${inHelp('list')}`,
    ],
    [
      ['list', '--state'],
      `list --state <state>: nothing is given. Allowed: running, done, failed, cancelled. Fix: add --state <state>; ${inHelp('list')}`,
    ],
    [
      ['list', '--state', 'runing'],
      `list --state <state>: "runing" is not allowed. Allowed: running, done, failed, cancelled. Fix: did you mean running? ${inHelp('list')}`,
    ],
    [
      ['list', '--limit', "it's"],
      `list --limit <n>: "it's" is not allowed. Allowed: whole numbers from 1. Fix: ${inHelp('list')}`,
    ],
    [
      ['list', '--limit='],
      `list --limit <n>: "" is not allowed. Allowed: whole numbers from 1. Fix: ${inHelp('list')}`,
    ],
    [
      ['fork', 'a', '--from-stage', '7'],
      `fork --from-stage <n>: "7" is not allowed. Allowed: 2 or 3. Fix: ${inHelp('fork')}`,
    ],
    [
      ['completion', "zsh's"],
      `completion <shell>: "zsh's" is not allowed. Allowed: bash, zsh, fish. Fix: did you mean zsh? ${inHelp('completion')}`,
    ],
    [
      ['status', 'my', 'run'],
      `status [arguments]: "run" is not allowed. Allowed: <run>. Fix: leave it out, or put quotes around a value that has blanks; ${inHelp('status')}`,
    ],
    [
      ['down', 'now'],
      `down [arguments]: "now" is not allowed. Allowed: options alone. Fix: leave it out, or put quotes around a value that has blanks; ${inHelp('down')}`,
    ],
    [
      ['trials', 'a', '--csv', '--json'],
      `trials --csv: "--csv --json" is not allowed. Allowed: --csv or --json. Fix: leave one of them out; ${inHelp('trials')}`,
    ],
  ])('%j: field, value, what is allowed, the fix, on one line', async (args, sentence) => {
    expect(await refused(...args)).toBe(`nas: ${sentence}\n`);
  });

  it('is short, however long the words are', async () => {
    expect((await refused('list', '--limit', 'x'.repeat(100_000))).length).toBeLessThan(600);
    expect((await refused(`--${'x'.repeat(100_000)}`)).length).toBeLessThan(600);
    expect(await refused('list', '--state', 'a\u001b[31m\nb')).toMatch(/^[^\p{Cc}]*\n$/u);
  });

  it.each([
    [['docter'], /"docter" is not allowed\. Allowed: cancel, .*, watch, help\. Fix: did you mean doctor\?/],
    [['help', 'docter'], /\n.*"docter" is not allowed\. Allowed: .*Fix: did you mean doctor\?/],
    [['data', 'help', 'ad'], /\n.*data \[command\]: "ad" is not allowed\..*Fix: did you mean add\?/],
    [['data'], /\nnas: data \[command\]: nothing is given\. Allowed: list, add, show, verify, help\./],
    [[], /\nnas: \[command\]: nothing is given\. Allowed: cancel, /],
  ])('%j: names the command', async (args, sentence) => {
    expect(await refused(...args)).toMatch(sentence);
  });
});
