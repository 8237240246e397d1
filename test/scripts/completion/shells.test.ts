import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-shells-'));
  mkdirSync(join(folder, 'nested'));
  for (const file of ['my.yaml', 'other.txt']) writeFileSync(join(folder, file), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  // No stack: whoever asks for runs hears of none.
  NAS_HOME: join(folder, 'absent'),
  NAS_CONFIG: join(folder, 'absent.yaml'),
  PATH: `${resolve('bin')}:${process.env['PATH']}`,
  TERM: 'dumb',
  LINE: join(folder, 'line'),
});

const isInstalled = (...command: readonly [string, ...string[]]): boolean =>
  spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;
/** Runs a command on a terminal of its own, as util-linux has it. */
const hasTerminal = isInstalled('script', '-qec', 'true', '/dev/null');

/** How each shell starts bare, loads the completion, and writes the line that was typed at Ctrl-X s. */
const INTERACTIVE = {
  bash: {
    command: 'bash --norc --noprofile -i',
    init: [
      `bind -x '"\\C-xs": printf %s "$READLINE_LINE" > "$LINE"'`,
      'source <(nas completion bash)',
      "PS1='REA''DY>'",
    ],
  },
  zsh: {
    command: 'zsh -f -i',
    init: [
      'autoload -U compinit && compinit -u -D && source <(nas completion zsh)',
      'save() { print -rn -- "$BUFFER" > "$LINE" }; zle -N save; bindkey "^Xs" save',
      "PS1='REA''DY>'",
    ],
  },
} as const;

/** What a shell makes of lines at whose ends the tab key is pressed. */
const completed = async (
  shell: keyof typeof INTERACTIVE,
  lines: readonly string[],
): Promise<readonly string[]> => {
  const { command, init } = INTERACTIVE[shell];
  const file = join(folder, 'line');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env: environment() });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    child.stdin.write(init.map((one) => `${one}\n`).join(''));
    await vi.waitFor(() => expect(said).toContain('READY>'), { timeout: 30_000 });
    const made: string[] = [];
    for (const line of lines) {
      rmSync(file, { force: true });
      // Tab, and Ctrl-X s; Ctrl-U forgets the line.
      child.stdin.write(`${line}\t\x18s`);
      made.push(await vi.waitFor(() => readFileSync(file, 'utf8'), { timeout: 30_000, interval: 20 }));
      child.stdin.write('\x15');
    }
    return made;
  } finally {
    child.kill('SIGKILL');
  }
};

/** The words that fish offers, a list a line. */
const offered = (lines: readonly string[]): string[][] => {
  const script = 'nas completion fish | source; for line in $argv; complete -C $line; echo ===; end';
  const { stdout } = spawnSync('fish', ['--no-config', '-c', script, ...lines], {
    encoding: 'utf8',
    cwd: folder,
    env: environment(),
  });
  return stdout
    .split('===\n')
    .slice(0, -1)
    .map((words) => words.split('\n').flatMap((word) => (word === '' ? [] : [word.replace(/\t.*/, '')])));
};

const LINES = {
  'nas verify': 'nas verify-resume ',
  'nas verify-resume --stage=e': 'nas verify-resume --stage=evaluate ',
  'nas list --space nas-bench-m': 'nas list --space nas-bench-macro ',
  'nas list --space=nas-bench-m': 'nas list --space=nas-bench-macro ',
  'nas run m': 'nas run my.yaml ',
  'nas data add x --labels o': 'nas data add x --labels other.txt ',
  'nas status o': 'nas status o',
};

describe.each(['bash', 'zsh'] as const)('the script for %s', (shell) => {
  it.skipIf(!hasTerminal || !isInstalled(shell, '-c', 'true'))(
    'completes commands, values and files, and no file where a run stands',
    async () => {
      expect(await completed(shell, Object.keys(LINES))).toEqual(Object.values(LINES));
    },
    120_000,
  );
});

describe('the script for fish', () => {
  it.skipIf(!isInstalled('fish', '-c', 'true'))('offers commands, values and files', () => {
    const expected = {
      'nas verify': ['verify-resume'],
      'nas verify-resume --stage e': ['evaluate'],
      'nas list --space=nas-bench-m': ['--space=nas-bench-macro'],
      'nas genotype show DARTS_V': ['DARTS_V1', 'DARTS_V2'],
      'nas run m': ['my.yaml'],
      'nas data add x --labels o': ['other.txt'],
      'nas status o': [],
    };
    expect(offered(Object.keys(expected))).toEqual(Object.values(expected));
  });
});

describe('nas complete', () => {
  it.each(['status', 'reclaim'])('says nothing of runs of which nobody tells (%s)', (command) => {
    const { status, stdout, stderr } = spawnSync('bin/nas', ['complete', '--', command, ''], {
      encoding: 'utf8',
      env: environment(),
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
