import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { Finding } from './check.ts';

/** oneDNN's names of instruction sets, ascending, each with the CPU flags that it needs beside those before it. */
const SETS: readonly (readonly [name: string, family: string, flags: readonly string[]])[] = [
  ['sse41', 'SSE', ['sse4_1']],
  ['avx', 'AVX', ['avx']],
  ['avx2', 'AVX2', ['avx2', 'fma']],
  ['avx512_core', 'AVX-512', ['avx512f', 'avx512bw', 'avx512vl', 'avx512dq', 'avx512cd']],
  ['avx512_core_vnni', 'AVX-512', ['avx512_vnni']],
  ['avx512_core_bf16', 'AVX-512', ['avx512_bf16']],
  ['avx512_core_fp16', 'AVX-512', ['avx512_fp16']],
  ['avx512_core_amx', 'AVX-512', ['amx_tile', 'amx_int8', 'amx_bf16']],
];

/** Values of ONEDNN_MAX_CPU_ISA that oneDNN knows; it takes no notice of others. */
const LIMITS = [
  ...SETS.map(([name]) => name.toUpperCase()),
  'AVX2_VNNI',
  'AVX2_VNNI_2',
  'AVX512_CORE_AMX_FP16',
  'AVX10_1_512',
  'AVX10_1_512_AMX',
  'AVX10_1_512_AMX_FP16',
  'AVX10_2_512',
  'AVX10_2_512_AMX_2',
  'ALL',
  'DEFAULT',
];

/** The largest instruction set of a CPU with these flags, e.g. `AVX2 (avx2)`; undefined below SSE 4.1. */
export const instructionSetOf = (flags: ReadonlySet<string>): string | undefined => {
  const missing = SETS.findIndex(([, , needed]) => !needed.every((flag) => flags.has(flag)));
  const [name, family] = SETS.at(missing === -1 ? -1 : missing - 1) ?? [];
  return missing === 0 ? undefined : `${family} (${name})`;
};

const flagsOf = (cpuinfo: string): ReadonlySet<string> =>
  new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []);

const readCpuinfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
};

/**
 * The CPU and the instruction set that native kernels choose their code by.
 *
 * @throws Finding where ONEDNN_MAX_CPU_ISA has a value that oneDNN ignores.
 */
export const describeCpu = (limit = process.env['ONEDNN_MAX_CPU_ISA'], cpuinfo = readCpuinfo()): string => {
  const model = cpus()[0]?.model.trim() ?? 'unknown model';
  const found = `${model}, ${instructionSetOf(flagsOf(cpuinfo)) ?? arch()}`;
  if (limit === undefined || limit === '') return found;
  if (!LIMITS.includes(limit.toUpperCase()))
    throw new Finding(
      `${found}; ONEDNN_MAX_CPU_ISA=${limit} is ignored: allowed: ${LIMITS.join(', ')}`,
      'unset ONEDNN_MAX_CPU_ISA or name an instruction set',
    );
  return `${found}, limited by ONEDNN_MAX_CPU_ISA=${limit}`;
};
