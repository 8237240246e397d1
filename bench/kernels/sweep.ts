import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { casesOf, type Suite } from './cases.ts';

/** How oneDNN names instruction sets; `default` is whatever the CPU has. */
export const INSTRUCTION_SETS = ['SSE41', 'AVX', 'AVX2', 'AVX512_CORE', 'default'] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** `eager` runs an operation at once, `compiled` as a recorded graph, which is how training runs it. */
export type Mode = 'eager' | 'compiled';

interface Failure {
  readonly operation: string;
  readonly shape: string;
  /** Signal, wrong value, or message of the process that ran it. */
  readonly reason: string;
}

interface SweepOptions {
  readonly suite: Suite;
  readonly mode: Mode;
  readonly instructionSet: InstructionSet;
  /** Indices of the cases; all by default. */
  readonly indices?: readonly number[];
}

const RUN = fileURLToPath(new URL('../../scripts/run.mjs', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/**
 * Cases of one process: few enough that little is repeated after a crash, many enough that starting it is
 * cheap.
 */
const CHUNK = 400;
/** What a case is repeated when a crash is being traced to it. */
const REPEATS = 20;
/** Damage shows at a later allocation: so many cases before the one that ran are suspects. */
const SUSPECTS = 4;

/** glibc's checking allocator, which is a library of its own since 2.34. */
const DEBUG_LIBRARY = [
  '/usr/lib/x86_64-linux-gnu/libc_malloc_debug.so.0',
  '/usr/lib64/libc_malloc_debug.so.0',
].find((path) => existsSync(path));

const environment = (instructionSet: InstructionSet): NodeJS.ProcessEnv => {
  const { ONEDNN_MAX_CPU_ISA: _, ...rest } = process.env;
  return {
    ...rest,
    ...(instructionSet !== 'default' && { ONEDNN_MAX_CPU_ISA: instructionSet }),
    ...(DEBUG_LIBRARY !== undefined && { LD_PRELOAD: DEBUG_LIBRARY }),
    MALLOC_CHECK_: '3',
    MALLOC_PERTURB_: '165',
    GLIBC_TUNABLES: 'glibc.malloc.check=3:glibc.malloc.perturb=165',
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
};

interface Ended {
  /** The case that ran last, where the process did not come to its end. */
  readonly died?: { readonly index: number; readonly reason: string };
  readonly wrong: readonly { readonly index: number; readonly reason: string }[];
}

const runProcess = (options: SweepOptions, indices: readonly number[], repeats: number): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [RUN, WORKER, options.suite, options.mode, String(repeats), ...indices.map(String)],
      { env: environment(options.instructionSet), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString('utf8')).slice(-400)));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = output.split('\n');
      const wrong = lines.flatMap((line) => {
        const [, index, reason] = /^differs (\d+) (.*)$/.exec(line) ?? [];
        return reason === undefined ? [] : [{ index: Number(index), reason }];
      });
      if (lines.includes('done') && code === 0) return resolve({ wrong });
      const last = lines.filter((line) => line.startsWith('start ')).at(-1);
      const why = signal ?? `exit code ${code}`;
      if (last === undefined)
        return reject(new Error(`a child of the sweep did not start: ${why}: ${errors}`));
      // A process that fails by an exception says why; one that dies of a signal has nothing of use to say.
      const reason = signal === null ? `${why}: ${errors.trim().split('\n').at(-1) ?? ''}` : why;
      resolve({ wrong, died: { index: Number(last.slice('start '.length)), reason } });
    });
  });

/** Which of the cases that ran before a process died kills one by itself. */
const culprits = async (
  options: SweepOptions,
  ran: readonly number[],
  reason: string,
): Promise<readonly { readonly index: number; readonly reason: string }[]> => {
  const found = [];
  for (const index of ran.slice(-SUSPECTS).reverse()) {
    const { died } = await runProcess(options, [index], REPEATS);
    if (died !== undefined) found.push({ index, reason: died.reason });
    // The one that ran last is nearly always the one.
    if (died !== undefined) break;
  }
  const last = ran.at(-1) as number;
  return found.length > 0
    ? found
    : [{ index: last, reason: `${reason}, not by itself: by it or a case before it` }];
};

/**
 * Runs cases in child processes under glibc's checking allocator and compares their values. A process that
 * dies costs the case that it died of and goes on behind it.
 */
export const sweep = async (
  options: SweepOptions,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<readonly Failure[]> => {
  const cases = casesOf(options.suite);
  const indices = options.indices ?? cases.map((_, i) => i);
  const failed: { readonly index: number; readonly reason: string }[] = [];
  let at = 0;
  while (at < indices.length) {
    const chunk = indices.slice(at, at + CHUNK);
    const { died, wrong } = await runProcess(options, chunk, 1);
    failed.push(...wrong);
    if (died === undefined) at += chunk.length;
    else {
      const ran = chunk.slice(0, chunk.indexOf(died.index) + 1);
      failed.push(...(await culprits(options, ran, died.reason)));
      at += ran.length;
    }
    onProgress(at, indices.length);
  }
  return failed.map(({ index, reason }): Failure => {
    const { operation, shape } = cases[index] as { operation: string; shape: string };
    return { operation, shape, reason };
  });
};
