import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantileSorted } from 'simple-statistics';
import { z } from 'zod';
import type { TorchPython } from '../torch/install.ts';
import { CASES, type CaseName, type StepCase } from './cases.ts';
import { startLineProcess, type LineProcess } from './process.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const prepared = z.looseObject({});
const timed = z.looseObject({ seconds: z.number(), cpuSeconds: z.number(), loss: z.number() });

/** Quartiles, in seconds. */
interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Contender {
  readonly seconds: Spread;
  /** Of all threads together, the median: what a busy machine changes least. */
  readonly cpuSeconds: number;
  /** Building the program and its first two steps, which compile and settle caches. */
  readonly preparationSeconds: number;
  /** Of the first two steps: later ones are apart by rounding that a network in training amplifies. */
  readonly losses: readonly number[];
}

/** A program against the same one in PyTorch. */
export interface TwinMeasurement {
  readonly torch: Readonly<Record<string, Contender>>;
  /** Of medians, to the fastest PyTorch that counts. */
  readonly ratio: number;
  readonly target: number;
  /**
   * Largest relative difference of a twin's loss, step by step; absent where the sides draw different random
   * numbers.
   */
  readonly lossDifference?: number;
}

export interface Measurement {
  readonly program: CaseName;
  readonly compiled: Contender;
  readonly twin?: TwinMeasurement;
  readonly machine: { readonly cores: number; readonly load: number };
}

interface MeasureOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly torchCompile: boolean;
  /** Called where a program has a twin. */
  readonly torch: () => Promise<TorchPython>;
}

/** Idle pools of a contender that has just stepped stop spinning within this. */
const PAUSE_MS = 50;
const WARM_UP = 2;

export const startCompiledWorker = (): LineProcess =>
  startLineProcess(process.execPath, [path('../../scripts/run.mjs'), path('worker.ts')], {});

const startTwin = ({ python, packages }: TorchPython, threads: number): LineProcess =>
  startLineProcess(python, [path('../torch/worker.py')], {
    PYTHONPATH: packages,
    PYTHONDONTWRITEBYTECODE: '1',
    OMP_NUM_THREADS: String(threads),
  });

const spread = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (p: number): number => quantileSorted(sorted, p);
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
};

const relativeDifference = (ours: readonly number[], theirs: readonly number[]): number =>
  Math.max(...ours.map((loss, i) => Math.abs(loss - (theirs[i] as number)) / Math.abs(loss)));

/**
 * Every round times one step of each contender, one after the other, so that a busy machine slows all alike.
 */
export const measure = async (program: CaseName, options: MeasureOptions): Promise<Measurement> => {
  const chosen: StepCase = CASES[program];
  const spec = chosen.spec(options.threads);
  const folder = await mkdtemp(join(tmpdir(), 'durable-nas-bench-'));
  const initial = join(folder, 'initial.safetensors');
  const { twin } = chosen;
  const variants =
    twin === undefined
      ? []
      : ['eager', 'channels-last', ...(options.torchCompile && twin.oneGraph ? ['torch.compile'] : [])];
  const python = variants.length === 0 ? undefined : await options.torch();
  const contenders = ['compiled', ...variants].map((name) => ({
    name,
    process:
      name === 'compiled' || python === undefined
        ? startCompiledWorker()
        : startTwin(python, options.threads),
    seconds: [] as number[],
    cpuSeconds: [] as number[],
    losses: [] as number[],
    preparationSeconds: 0,
  }));
  try {
    const step = async (contender: (typeof contenders)[number], i: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const { seconds, cpuSeconds, loss } = await contender.process.ask({ step: i }, timed);
      contender.losses.push(loss);
      if (i < WARM_UP) return;
      contender.seconds.push(seconds);
      contender.cpuSeconds.push(cpuSeconds);
    };
    for (const contender of contenders) {
      process.stderr.write(`${program}: preparing ${contender.name}\n`);
      const start = performance.now();
      await contender.process.ask({ prepare: { spec, initial, variant: contender.name } }, prepared);
      for (let i = 0; i < WARM_UP; i++) await step(contender, i);
      contender.preparationSeconds = (performance.now() - start) / 1000;
    }
    for (let round = 0; round < options.rounds; round++)
      for (const contender of contenders) await step(contender, WARM_UP + round);
    const results = contenders.map(({ name, seconds, cpuSeconds, preparationSeconds, losses }) => [
      name,
      {
        seconds: spread(seconds),
        cpuSeconds: spread(cpuSeconds).median,
        preparationSeconds,
        losses: losses.slice(0, WARM_UP),
      },
    ]) as [string, Contender][];
    const [[, compiled], ...torch] = results as [[string, Contender], ...[string, Contender][]];
    const machine = { cores: availableParallelism(), load: loadavg()[0] as number };
    if (twin === undefined) return { program, compiled, machine };
    const counted = torch.filter(([name]) => name !== 'torch.compile' || twin.judgedCompiled);
    return {
      program,
      compiled,
      twin: {
        torch: Object.fromEntries(torch),
        ratio: compiled.seconds.median / Math.min(...counted.map(([, { seconds }]) => seconds.median)),
        target: twin.target,
        ...(twin.deterministic && {
          lossDifference: Math.max(
            ...torch.map(([, { losses }]) => relativeDifference(compiled.losses, losses)),
          ),
        }),
      },
      machine,
    };
  } finally {
    for (const contender of contenders) contender.process.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
