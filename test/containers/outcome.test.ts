import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { describeError, endOf } from '../../containers/trainer/outcome.ts';
import { StorageLostError } from '../../containers/trainer/persist.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { DivergedError, InvalidArchitectureError } from '../../nas/training/program.ts';
import { CheckpointMismatchError } from '../../store/checkpoints.ts';
import { StorageError } from '../../store/object-store.ts';
import { StaleLeaseError } from '../../store/leases.ts';

const lease = { runId: 'r', jobId: 'j', epoch: 1, holder: 'h', damage: [] };

describe('how an error ends an attempt', () => {
  it.each([
    [new StaleLeaseError(lease, 2, 'to go on'), 'fenced'],
    [new DivergedError('loss is NaN'), 'diverged'],
    [new InvalidArchitectureError('odd channels'), 'invalid-architecture'],
    [new StorageLostError('storage failed for 600 s'), 'lost'],
    [new StorageError('GetObject failed with status 503: SlowDown: Please reduce your request rate'), 'lost'],
    [new Error('Fail to find the dnn implementation. [Op:CudnnRNN]'), 'lost'],
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

  const system = (code: string, message: string, errno?: number) =>
    Object.assign(new Error(message), { code, ...(errno !== undefined && { errno }) });

  it.each([
    ['ENOSPC', 'no space left on device'],
    ['EIO', 'i/o error'],
    ['EROFS', 'read-only file system'],
    ['EMFILE', 'too many open files'],
    ['ENFILE', 'file table overflow'],
    ['ENODEV', 'no such device'],
    ['ENXIO', 'no such device or address'],
    ['EREMOTEIO', 'remote I/O error'],
    ['EBUSY', 'resource busy or locked'],
    ['EAGAIN', 'resource temporarily unavailable'],
    ['ENOMEM', 'not enough memory'],
    ['ECONNRESET', 'read'],
    ['EHOSTUNREACH', 'connect'],
    ['ENOTFOUND', 'getaddrinfo'],
  ])('%s is the machine, by code, by words, and as a cause of whatever', (code, text) => {
    const message = `${code}: ${text}, write`;
    const error = system(code, message);
    expect(endOf(error)).toBe('lost');
    expect(endOf(new Error(message))).toBe('lost');
    expect(endOf(new Error('step failed', { cause: new Error('copy', { cause: error }) }))).toBe('lost');
    expect(endOf(inputError('data', 1, 'images', 'import them again', { cause: error }))).toBe('lost');
    expect(endOf(new AggregateError([new Error('first'), error], 'both failed'))).toBe('lost');
  });

  it.each([
    [116, 'ESTALE'],
    [117, 'EUCLEAN'],
    [122, 'EDQUOT'],
  ])('knows errno %i, which Node has no name for (%s)', (number, name) => {
    const code = `Unknown system error -${number}`;
    expect(endOf(system(code, `${code}: ${code}, read`, -number))).toBe('lost');
    expect(endOf(system(name, `${name}: read`, -number))).toBe('lost');
  });

  it.each([
    ['ENOENT', 'no such file or directory', -2],
    ['EACCES', 'permission denied', -13],
    ['ENOTDIR', 'not a directory', -20],
  ])('%s would be the same on every machine', (code, text, errno) => {
    expect(endOf(system(code, `${code}: ${text}, open 'x'`, errno))).toBe('user-error');
  });

  it("does not take the heap of a thread for the network's memory", async () => {
    const worker = new Worker('const a = []; for (;;) a.push(new Array(1e5).fill(0));', {
      eval: true,
      resourceLimits: { maxOldGenerationSizeMb: 8 },
    });
    const cause = await new Promise<Error>((resolve) => worker.once('error', resolve));
    expect(cause).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
    expect(endOf(new Error(`sidecar thread failed: ${String(cause)}`, { cause }))).toBe('lost');
    expect(endOf(new Error(`sidecar thread failed: ${String(cause)}`))).toBe('lost');
  });

  it('meets a real error of the system', () => {
    // Reading the memory of a process at address 0 is an input/output error.
    const read = (): unknown => {
      try {
        return readFileSync('/proc/self/mem');
      } catch (error) {
        return error;
      }
    };
    if (process.platform === 'linux') expect(endOf(read())).toBe('lost');
  });

  it.each([
    [
      'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[64,256,32,32] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
      'out-of-memory',
    ],
    [
      'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[1024,1024,1024] and type float on /job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu',
      'out-of-memory',
    ],
    [
      'Invalid TF_Status: 8\nMessage: Out of memory while trying to allocate 2147483648 bytes.',
      'out-of-memory',
    ],
    [
      'failed to allocate 2.20GiB (2362232012 bytes) from device: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
      'out-of-memory',
    ],
    ['Invalid TF_Status: 13\nMessage: Dst tensor is not initialized.', 'out-of-memory'],
    ['Array buffer allocation failed', 'out-of-memory'],
    ['std::bad_alloc', 'out-of-memory'],
    ['Invalid TF_Status: 8\nMessage: /tmp/variables/variables.data; No space left on device', 'lost'],
    ['Invalid TF_Status: 8\nMessage: /tmp/saved_model.pb; Too many open files', 'lost'],
    ['Invalid TF_Status: 2\nMessage: /data/blob; Stale file handle', 'lost'],
    ['failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected', 'lost'],
    ['failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error', 'lost'],
    ['failed call to cuInit: UNKNOWN ERROR (303)', 'lost'],
    ['failed call to cuInit: CUDA_ERROR_OUT_OF_MEMORY: out of memory', 'lost'],
    [
      'failed call to cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY: out of memory; total memory reported: 16945512448',
      'lost',
    ],
    ['CUDA runtime implicit initialization on GPU:0 failed. Status: out of memory', 'lost'],
    ['kernel version 352.63.0 does not match DSO version 361.93.2 -- cannot find working devices', 'lost'],
    ['Failed to initialize NVML: Driver/library version mismatch', 'lost'],
    ['CUDA driver version is insufficient for CUDA runtime version', 'lost'],
    ['Could not create cudnn handle: CUDNN_STATUS_NOT_INITIALIZED', 'lost'],
    ['could not create cudnn handle: CUDNN_STATUS_INTERNAL_ERROR', 'lost'],
    ['Could not create cudnn handle: CUDNN_STATUS_ALLOC_FAILED', 'lost'],
    ['failed to create cublas handle: CUBLAS_STATUS_NOT_INITIALIZED', 'lost'],
    ['failed to create cublas handle: the resource allocation failed', 'lost'],
    [
      'Failed to get convolution algorithm. This is probably because cuDNN failed to initialize, so try looking to see if a warning log message was printed above.',
      'lost',
    ],
    ['Invalid TF_Status: 9\nMessage: DNN library initialization failed. Look at the errors above.', 'lost'],
    ['CUDA_ERROR_ECC_UNCORRECTABLE: uncorrectable ECC error encountered', 'lost'],
    ['CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered', 'lost'],
    ['NVRM: Xid (PCI:0000:00:1e): 79, pid=1234, GPU has fallen off the bus.', 'lost'],
    ['Unable to determine the device handle for GPU 0000:00:1E.0: GPU is lost.', 'lost'],
    ['CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available for execution on the device', 'user-error'],
    // Words that merely sound like memory, disks or devices.
    ['Invalid TF_Status: 3\nMessage: Incompatible shapes: [4,10] vs. [4,11]', 'user-error'],
    ['the classroom is full: OOMPH', 'user-error'],
    ['memory: 12 is not allowed', 'user-error'],
    ['the device list is empty', 'user-error'],
  ] as const)('%s', (message, end) => {
    expect(endOf(new Error(message))).toBe(end);
    expect(endOf(new Error('training failed', { cause: new Error(message) }))).toBe(end);
  });

  it('sees what diverged behind the error that reports it', () => {
    expect(endOf(new Error('unit failed', { cause: new DivergedError('loss is NaN') }))).toBe('diverged');
  });

  it('survives errors that cause each other', () => {
    const one = new Error('one');
    one.cause = new Error('two', { cause: one });
    expect(describeError(one)).toBe('Error: one (cause: Error: two)');
    expect(endOf(one)).toBe('user-error');
  });

  it('keeps the causes in the last words', () => {
    const error = new Error('outer', { cause: new TypeError('inner', { cause: 'root' }) });
    expect(describeError(error)).toBe('Error: outer (cause: TypeError: inner; root)');
  });
});
