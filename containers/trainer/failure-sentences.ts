import { constants } from 'node:os';

/** A sentence of a library or the system, what it means for the attempt, and whose it is. */
interface FailureSentence {
  readonly pattern: RegExp;
  readonly end: 'lost' | 'out-of-memory' | 'user-error';
  readonly source: string;
}

/**
 * Errors of the machine, its disks and its network: another attempt elsewhere may succeed. Codes that libuv
 * knows come as `error.code`; of the others (ESTALE, EDQUOT, EUCLEAN, …) Node gives the number alone, in
 * `error.errno`.
 */
const MACHINE_ERRNOS: ReadonlySet<string> = new Set([
  // Disks and file systems.
  ...['EIO', 'ENOSPC', 'EROFS', 'EDQUOT', 'ESTALE', 'EREMOTEIO', 'ENODEV', 'ENXIO', 'EBADMSG', 'ENODATA'],
  ...['EUCLEAN', 'ENOLCK', 'EBUSY', 'ENOTCONN', 'ESHUTDOWN', 'ENOLINK', 'ENOMEDIUM'],
  // What the machine has no more of; memory that the system refuses is taken by others, or this process would
  // be killed.
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ENOBUFS'],
  // Networks.
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'ETIMEDOUT',
    'EPIPE',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
  ],
  ...['ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL', 'EPROTO', 'EAI_AGAIN', 'ENOTFOUND', 'EAI_FAIL', 'EAI_NODATA'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
  // A thread beside training: its heap is not the network's memory.
  ...['ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_INIT_FAILED'],
]);

/** By number, as Node's `errno` has them negated; the numbers that `os.constants` lacks are Linux's. */
const MACHINE_NUMBERS: ReadonlySet<number> = new Set([
  ...Object.entries(constants.errno).flatMap(([name, number]) => (MACHINE_ERRNOS.has(name) ? [number] : [])),
  ...(process.platform === 'linux' ? [112, 116, 117, 121, 122, 123] : []),
]);

/** Whether the error's own code says that the machine or a network failed. */
export const isMachineError = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && MACHINE_ERRNOS.has(code)) return true;
  if (error.name === 'TimeoutError') return true;
  return typeof errno === 'number' && MACHINE_NUMBERS.has(Math.abs(errno));
};

const NODE = "Node, `CODE: text, system call`, kept in another error's words";
const STRERROR = 'strerror of glibc, as TensorFlow and child processes give it, and of libuv';
const TENSORFLOW = 'tensorflow/core/framework/op_kernel.cc, common_runtime/bfc_allocator.cc';
const EXECUTOR = 'xla/stream_executor/cuda: cuda_driver.cc, cuda_dnn.cc, cuda_blas.cc, cuda_diagnostics.cc';
const CUDA = 'NVIDIA, CUDA driver API, enum CUresult; CUDA runtime API, enum cudaError';
const NVML = 'NVIDIA, NVML and the kernel driver (NVRM)';

/** In order: the first that matches the error or one of its causes counts. */
export const FAILURE_SENTENCES: readonly FailureSentence[] = [
  {
    pattern: new RegExp(`\\b(?:${[...MACHINE_ERRNOS].join('|')})\\b(?=[:)\\s]|$)`),
    end: 'lost',
    source: NODE,
  },
  {
    pattern: /\bWorker terminated due to reaching memory limit\b|\bsocket hang up\b/,
    end: 'lost',
    source: NODE,
  },
  {
    pattern:
      /\bno space left on device\b|\bdisk quota exceeded\b|\bread-only file system\b|\bstale (?:nfs )?file handle\b|\bstructure needs cleaning\b/i,
    end: 'lost',
    source: STRERROR,
  },
  { pattern: /\b(?:Remote I\/O|Input\/output|i\/o) error\b/i, end: 'lost', source: STRERROR },
  { pattern: /\btoo many open files\b|\bfile table overflow\b/i, end: 'lost', source: STRERROR },
  { pattern: /\bNo such device\b|\bTransport endpoint is not connected\b/i, end: 'lost', source: STRERROR },
  {
    pattern: /\bCannot allocate memory\b|\bResource temporarily unavailable\b/i,
    end: 'lost',
    source: STRERROR,
  },

  // The GPU does not start: no network has asked for its memory yet.
  {
    pattern:
      /\bfailed call to cu(?:Init|DeviceGet\w*|DevicePrimaryCtx\w*|CtxCreate\w*)\b|\bCUDA runtime implicit initialization on GPU:\d+ failed\b/,
    end: 'lost',
    source: EXECUTOR,
  },
  {
    pattern:
      /\bcould not create cudnn handle\b|\bfailed to create cublas\w* handle\b|\bcuDNN failed to initialize\b|\bDNN library (?:is not found|initialization failed)\b|\bNo DNN in stream executor\b|\bFail(?:ed)? to find the dnn implementation\b/i,
    end: 'lost',
    source: EXECUTOR,
  },
  {
    pattern:
      /\bdoes not match DSO version\b|\bcannot find working devices in this configuration\b|\bno supported devices found for platform CUDA\b|\bCould not load dynamic library 'libcuda\.so/,
    end: 'lost',
    source: EXECUTOR,
  },
  {
    pattern:
      /\bno CUDA-capable device is detected\b|\bCUDA driver version is insufficient for CUDA runtime version\b|\bsystem has unsupported display driver \/ cuda driver combination\b/,
    end: 'lost',
    source: CUDA,
  },
  {
    pattern: /\bDriver\/library version mismatch\b|\bUnable to determine the device handle\b/,
    end: 'lost',
    source: NVML,
  },

  // The network does not fit.
  {
    pattern:
      /\bOOM when allocating tensor\b|\bran out of memory trying to allocate\b|\bOut of memory while trying to allocate \d|\bDst tensor is not initialized\b/,
    end: 'out-of-memory',
    source: TENSORFLOW,
  },
  {
    pattern: /\bCUDA_ERROR_OUT_OF_MEMORY\b|\bcudaErrorMemoryAllocation\b/,
    end: 'out-of-memory',
    source: CUDA,
  },
  { pattern: /\bstd::bad_alloc\b/, end: 'out-of-memory', source: 'C++ standard library' },
  {
    pattern: /\bArray buffer allocation failed\b/,
    end: 'out-of-memory',
    source: 'V8',
  },

  // Code that was not built for this GPU is built for none of its kind.
  {
    pattern:
      /\bCUDA_ERROR_(?:INVALID_PTX|NO_BINARY_FOR_GPU|UNSUPPORTED_PTX_VERSION|INVALID_SOURCE|INVALID_IMAGE)\b/,
    end: 'user-error',
    source: CUDA,
  },
  // The GPU broke: ECC, Xid, off the bus, …
  { pattern: /\bCUDA_ERROR_[A-Z]|\bcudaError[A-Z]|\buncorrectable ECC error\b/i, end: 'lost', source: CUDA },
  {
    pattern:
      /\b(?:CUDNN|CUBLAS|CUSOLVER)_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED|INTERNAL_ERROR|EXECUTION_FAILED|MAPPING_ERROR|ARCH_MISMATCH)\b/,
    end: 'lost',
    source: EXECUTOR,
  },
  { pattern: /\bXid\b[^0-9]*(?:\([^)]*\))?[^0-9]*\d+/, end: 'lost', source: NVML },
  {
    pattern: /\bGPU has fallen off the bus\b|\bGPU is lost\b|\bdevice (?:was |is )?lost\b/i,
    end: 'lost',
    source: NVML,
  },
];
