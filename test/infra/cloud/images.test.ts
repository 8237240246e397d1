import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IgnoreStrategy } from 'aws-cdk-lib';
import { DockerfileParser, type Copy, type Env, type From, type Instruction } from 'dockerfile-ast';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../../nas/job/outcome.ts';
import { TRAINER_COMMAND } from '../../../nas/job/trainer-job.ts';
import { TENSORFLOW } from '../../../scripts/setup/versions.mjs';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const DOCKERFILES = ['containers/trainer/Dockerfile', 'containers/worker/Dockerfile'] as const;

interface Stage {
  readonly name: string;
  /** Name of an earlier stage or a reference to an image. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

const textOf = (instruction: Instruction): string =>
  instruction
    .getArguments()
    .map((argument) => argument.getValue())
    .join(' ');

const stagesOf = (file: string): Stage[] => {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of DockerfileParser.parse(
    readFileSync(join(REPOSITORY, file), 'utf8'),
  ).getInstructions())
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage() ?? '', base: from.getImage() ?? '', instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  return stages;
};

/** A stage's instructions after those of the stages that it builds on. */
const inherited = (stages: readonly Stage[], name: string): Instruction[] => {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage === undefined ? [] : [...inherited(stages, stage.base), ...stage.instructions];
};

const ofKind = (instructions: readonly Instruction[], keyword: string): Instruction[] =>
  instructions.filter((instruction) => instruction.getKeyword() === keyword);

const environmentOf = (instructions: readonly Instruction[]): Record<string, string> =>
  Object.fromEntries(
    ofKind(instructions, 'ENV').flatMap((instruction) =>
      (instruction as Env).getProperties().map((property) => [property.getName(), property.getValue() ?? '']),
    ),
  );

const all = DOCKERFILES.flatMap((file) => stagesOf(file).map((stage) => ({ file, ...stage })));

describe.each(DOCKERFILES)('%s', (file) => {
  const stages = stagesOf(file);

  it('builds on images that are pinned by version and digest', () => {
    const names = stages.map(({ name }) => name);
    for (const { base } of stages.filter(({ base }) => !names.includes(base)))
      expect(base).toMatch(/^[a-z]+:\d+\.\d+\.\d+-\w+(-slim)?@sha256:[0-9a-f]{64}$/);
  });

  it('has no other steps than scripts of the repository', () => {
    const steps = stages.flatMap(({ instructions }) => ofKind(instructions, 'RUN').map(textOf));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step).toMatch(/^node scripts\/containers\/install\.mjs [a-z-]+$/);
    expect(stages.flatMap(({ instructions }) => ofKind(instructions, 'ADD'))).toEqual([]);
  });

  it('takes from a build what that build made, to where it was made', () => {
    for (const { instructions } of stages)
      for (const instruction of ofKind(instructions, 'COPY') as Copy[]) {
        const from = instruction.getFromFlag()?.getValue();
        if (from === undefined || from === null || from === 'node') continue;
        const [source, destination, ...others] = instruction
          .getArguments()
          .map((argument) => argument.getValue());
        const made = inherited(stages, from);
        expect(others).toEqual([]);
        // Links to TensorFlow are absolute.
        expect(destination).toBe(source);
        expect([
          `${environmentOf(made)['NAS_CACHE']}/`,
          ...ofKind(made, 'WORKDIR').map((folder) => `${textOf(folder)}/`),
        ]).toContain(source);
      }
  });

  it('runs without privileges', () => {
    const built = new Set(stages.map(({ base }) => base));
    for (const { name } of stages.filter(({ name }) => !built.has(name) && !name.startsWith('build')))
      expect(ofKind(inherited(stages, name), 'USER').map(textOf).at(-1)).toBe('node');
  });
});

describe('the images', () => {
  let image: string;
  beforeAll(() => {
    image = mkdtempSync(join(tmpdir(), 'durable-nas-image-'));
    const patterns = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
    const ignore = IgnoreStrategy.docker(REPOSITORY, patterns);
    const top = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
    for (const path of top) {
      mkdirSync(dirname(join(image, path)), { recursive: true });
      cpSync(join(REPOSITORY, path), join(image, path), {
        recursive: true,
        filter: (source) => !ignore.ignores(source),
      });
    }
  });
  // Thirty thousand files take a busy disk minutes, which nobody has to wait for.
  afterAll(() => spawn('rm', ['-rf', image], { detached: true, stdio: 'ignore' }).unref());

  const run = async (
    command: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; stderr: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn('sh', ['-c', command], { cwd: image, env: { ...process.env, ...env } });
      let stderr = '';
      child.stdout.resume();
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, stderr }));
    });

  // The GPU image differs by the wheel that set-up takes, which no machine without a GPU can load.
  const steps = all
    .flatMap(({ instructions }) => ofKind(instructions, 'RUN').map(textOf))
    .filter((step) => !step.endsWith('trainer-gpu'));

  it.each(steps)(
    'are made of what .dockerignore lets through: %s',
    async (step) => {
      const { code, stderr } = await run(step);
      expect(code, stderr).toBe(0);
    },
    600_000,
  );

  it('hold the locked packages but those that only development needs', () => {
    const { packages } = JSON.parse(readFileSync(join(image, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
    };
    const named = Object.entries(packages).filter(
      ([path, { optional, devOptional }]) => path && !optional && !devOptional,
    );
    const present = named.filter(([path]) => existsSync(join(image, path))).map(([path]) => path);
    expect(present).toEqual(named.filter(([, { dev }]) => dev !== true).map(([path]) => path));
  });

  it('start the trainer, which refuses a job that is none', async () => {
    const command = TRAINER_COMMAND.map((word) => (word === 'Ref::job' ? 'not-given' : word)).join(' ');
    const { code, stderr } = await run(command);
    expect(code, stderr).toBe(EXIT_CODES['user-error']);
    expect(stderr).toContain('s3://BUCKET/runs/RUN/jobs/JOB/job.json');
  });

  it('load the programs and TensorFlow', async () => {
    writeFileSync(
      join(image, 'probe.ts'),
      `import { loadTensorFlow } from './containers/trainer/tensorflow.ts';
       import { createProgram } from './nas/training/programs/program-table.ts';
       import './containers/trainer/sidecar.ts';
       process.stderr.write(typeof createProgram + ' ' + loadTensorFlow({ threads: 1 }).version + '\\n');
       process.exit(0);`,
    );
    const { code, stderr } = await run('node scripts/run.mjs probe.ts');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`function ${TENSORFLOW.version}`);
  });

  it('start the worker, which asks for its configuration', async () => {
    const stage = all.find(({ name }) => name === 'worker');
    const [command] = ofKind(stage?.instructions ?? [], 'CMD');
    const words = JSON.parse(command?.getArgumentsContent() ?? '[]') as string[];
    const { code, stderr } = await run(words.join(' '), { AWS_REGION: 'eu-west-1', NAS_BUCKET: '' });
    expect(code).not.toBe(0);
    expect(stderr).toContain('set NAS_BUCKET in the worker');
  });
});
