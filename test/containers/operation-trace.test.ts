import { describe, expect, it } from 'vitest';
import { operationTrace } from '../../containers/trainer/operation-trace.ts';
import { instructionSet, processor } from '../../containers/trainer/processor.ts';

describe('the trace of native operations', () => {
  it('is on record before an operation runs for the first time, and costs nothing afterwards', () => {
    const published: string[] = [];
    const trace = operationTrace((operation) => published.push(operation) > 0);
    for (const operation of ['train', 'train', 'evaluate', 'train']) trace.begins(operation);
    expect(published).toEqual(['train', 'evaluate']);
    expect(trace.current).toBe('train');
  });

  it('waits once for a store that is away', () => {
    let waits = 0;
    const trace = operationTrace(() => {
      waits += 1;
      return false;
    });
    for (const operation of ['train', 'evaluate', 'score']) trace.begins(operation);
    expect([waits, trace.current]).toEqual([1, 'score']);
  });

  it('waits for no more operations than a program of its own names', () => {
    let waits = 0;
    const trace = operationTrace(() => ++waits > 0);
    for (let graph = 0; graph < 1000; graph++) trace.begins(`evaluate (graph ${graph})`);
    expect(waits).toBe(48);
  });
});

describe('the processor', () => {
  it.each([
    ['fpu sse sse2 sse4_1 sse4_2', 'SSE41'],
    ['sse4_1 avx', 'AVX'],
    ['sse4_1 avx avx2 fma', 'AVX2'],
    ['sse4_1 avx avx2 avx512f avx512dq avx512bw avx512vl', 'AVX512_CORE'],
    // Knights Landing has the foundation alone.
    ['sse4_1 avx avx2 avx512f avx512cd', 'AVX2'],
    [
      'avx avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16',
      'AVX512_CORE_AMX',
    ],
    ['', undefined],
  ])('%s', (flags, set) => {
    expect(instructionSet(`processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t:\n`)).toBe(set);
  });

  it('names what limits oneDNN', () => {
    expect(processor({ ONEDNN_MAX_CPU_ISA: 'AVX2' })).toMatchObject({ ONEDNN_MAX_CPU_ISA: 'AVX2' });
    expect(processor({})).not.toHaveProperty('ONEDNN_MAX_CPU_ISA');
  });
});
