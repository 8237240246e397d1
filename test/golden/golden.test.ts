import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../store/safetensors.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const script = (name: string): string => fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));

const golden = (...files: string[]): { readonly status: number | null; readonly stdout: string } => {
  const { status, stdout } = spawnSync(process.execPath, [script('run.mjs'), script('golden.ts'), ...files], {
    encoding: 'utf8',
  });
  return { status, stdout };
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-nas-golden-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the final network's fixture with one change. */
const altered = (change: (file: ReturnType<typeof decodeSafetensors>) => void): string => {
  const file = decodeSafetensors(readFileSync(fixture('darts-cnn-final-a.safetensors')));
  change(file);
  const path = join(folder, 'altered.safetensors');
  writeFileSync(path, encodeSafetensors(file.tensors, file.metadata));
  return path;
};

describe('golden', () => {
  it.each([
    'golden_counts.json',
    'enas-fixed-a.json',
    'nasbench201-counts-a.json',
    'nasbench201-tiny-a.safetensors',
    'darts-cnn-final-a.safetensors',
    'rnas-cnn-a.safetensors',
    'darts-cnn-supernet-a.safetensors',
    'enas-controller-macro-a.safetensors',
    'enas-controller-micro-a.safetensors',
    'enas-macro-final-a.safetensors',
    'enas-macro-search-a.safetensors',
    'enas-micro-final-a.safetensors',
    'enas-micro-search-a.safetensors',
    'snas-supernet-a.safetensors',
    'smash-a.safetensors',
    'text-windows-a.json',
    'asgd-a.safetensors',
    'awd-lstm-a.safetensors',
    'nas-rl-rnn-a.safetensors',
    'enas-rnn-controller-a.safetensors',
    'enas-rnn-child-a.safetensors',
    'rnas-rnn-a.safetensors',
    'darts-rnn-search-a.safetensors',
    'darts-rnn-masks-a.safetensors',
    'darts-rnn-final-a.safetensors',
  ])('%s agrees', (name) => {
    const { status, stdout } = golden(fixture(name));
    expect(stdout).not.toMatch(/^FAIL/m);
    expect(stdout).toMatch(/summary: 1 of 1 files agree/);
    expect(status).toBe(0);
    if (name.startsWith('darts-cnn-supernet'))
      expect(stdout).toMatch(/unrolled_grad_exact\.alphas_normal .* nearest kink: a ReLU at -1\.8e-6/);
  });

  it('fails when a stated number is off', () => {
    const path = altered(({ tensors }) => {
      const logits = tensors['output.eval_logits'];
      if (logits !== undefined) logits.data[0] = (logits.data[0] ?? 0) + 1e-3;
    });
    const { status, stdout } = golden(path);
    expect(stdout).toMatch(/FAIL output\.eval_logits {2}max abs diff 1\.00e-3/);
    expect(status).toBe(1);
  });

  it('fails when a result is not compared', () => {
    const path = altered(({ tensors }) => {
      tensors['output.mystery'] = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    });
    const { status, stdout } = golden(path);
    expect(stdout).toMatch(/FAIL output\.mystery {2}not compared/);
    expect(status).toBe(1);
  });

  it('says which kinds are not supported and that a file is missing', () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, '{"kind": "something-else"}');
    const { status, stdout } = golden(other, join(folder, 'missing.json'));
    expect(stdout).toMatch(/kind 'something-else' is not supported yet/);
    expect(stdout).toMatch(/FAIL missing\.json/);
    expect(status).toBe(1);
  });
});
