import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { INSTRUCTION_SETS, instructionSetOf } from '../../nas/core/instruction-set.ts';
import { Finding } from './check.ts';

/** Values of ONEDNN_MAX_CPU_ISA that oneDNN knows; it takes no notice of others. */
const LIMITS = [
  ...INSTRUCTION_SETS,
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
  const set = instructionSetOf(cpuinfo);
  const found = `${model}, ${set === undefined ? arch() : `${set.family} (${set.name})`}`;
  if (limit === undefined || limit === '') return found;
  if (!LIMITS.includes(limit.toUpperCase()))
    throw new Finding(
      `${found}; ONEDNN_MAX_CPU_ISA=${limit} is ignored: allowed: ${LIMITS.join(', ')}`,
      'unset ONEDNN_MAX_CPU_ISA or name an instruction set',
    );
  return `${found}, limited by ONEDNN_MAX_CPU_ISA=${limit}`;
};
