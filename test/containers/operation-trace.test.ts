import { describe, expect, it } from 'vitest';
import { operationTrace } from '../../containers/trainer/operation-trace.ts';
import { processor } from '../../containers/trainer/processor.ts';

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
  it('names what limits oneDNN', () => {
    expect(processor({ ONEDNN_MAX_CPU_ISA: 'AVX2' })).toMatchObject({ ONEDNN_MAX_CPU_ISA: 'AVX2' });
    expect(processor({})['cpu']).not.toContain('undefined');
    expect(processor({})).not.toHaveProperty('ONEDNN_MAX_CPU_ISA');
  });
});
