import { describe, expect, it } from 'vitest';
import { describeError, endOf } from '../../containers/trainer/outcome.ts';
import { StorageLostError } from '../../containers/trainer/persist.ts';
import { inputError } from '../../nas/protocol/input-error.ts';
import { DivergedError, InvalidArchitectureError } from '../../nas/training/program.ts';
import { CheckpointMismatchError } from '../../store/checkpoints.ts';
import { StaleLeaseError } from '../../store/leases.ts';

const lease = { runId: 'r', jobId: 'j', epoch: 1, holder: 'h', damage: [] };

describe('how an error ends an attempt', () => {
  it.each([
    [new StaleLeaseError(lease, 2, 'to go on'), 'fenced'],
    [new DivergedError('loss is NaN'), 'diverged'],
    [new InvalidArchitectureError('odd channels'), 'invalid-architecture'],
    [new StorageLostError('storage failed for 600 s'), 'lost'],
    [inputError('a', 1, 'b', 'c'), 'user-error'],
    [new CheckpointMismatchError('k', [{ field: 'threads', stored: 2, current: 1 }]), 'user-error'],
    [new Error('OOM when allocating tensor with shape[512,64,32,32]'), 'out-of-memory'],
    [new Error('CUDA_ERROR_ECC_UNCORRECTABLE: uncorrectable ECC error encountered'), 'lost'],
    [new Error('step failed', { cause: Object.assign(new Error('read'), { code: 'ECONNRESET' }) }), 'lost'],
    [new TypeError('undefined is not a function'), 'user-error'],
    ['a string', 'user-error'],
  ] as const)('%s', (error, end) => {
    expect(endOf(error)).toBe(end);
  });

  it('keeps the causes in the last words', () => {
    const error = new Error('outer', { cause: new TypeError('inner', { cause: 'root' }) });
    expect(describeError(error)).toBe('Error: outer (cause: TypeError: inner; root)');
  });
});
