import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';

/** Instruction sets by the names that oneDNN gives them, largest first, with the flags of Linux that they need. */
const LEVELS: readonly (readonly [string, readonly string[]])[] = [
  ['AVX512_CORE_AMX', ['amx_tile', 'amx_int8', 'amx_bf16', 'avx512f']],
  ['AVX512_CORE_BF16', ['avx512_bf16', 'avx512f']],
  ['AVX512_CORE_VNNI', ['avx512_vnni', 'avx512f']],
  ['AVX512_CORE', ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl']],
  ['AVX2_VNNI', ['avx_vnni', 'avx2']],
  ['AVX2', ['avx2']],
  ['AVX', ['avx']],
  ['SSE41', ['sse4_1']],
];

/** The largest set that the text of `/proc/cpuinfo` shows; `undefined` where it shows none. */
export const instructionSet = (cpuinfo: string): string | undefined => {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []);
  return LEVELS.find(([, needed]) => needed.every((flag) => flags.has(flag)))?.[0];
};

const cpuinfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
};

/** Model and instruction set of this machine's processor, and what limits the latter; for records and reports. */
export const processor = (environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> => {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const limit = environment['ONEDNN_MAX_CPU_ISA'];
  return {
    cpu: `${model}, ${instructionSet(cpuinfo()) ?? arch()}`,
    ...(limit === undefined ? {} : { ONEDNN_MAX_CPU_ISA: limit }),
  };
};
