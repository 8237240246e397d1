import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { instructionSetOf } from '../../nas/core/instruction-set.ts';

const cpuinfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
};

/**
 * Model and instruction set of this machine's processor, and what limits the latter; for records and reports.
 */
export const processor = (environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> => {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const limit = environment['ONEDNN_MAX_CPU_ISA'];
  return {
    cpu: `${model}, ${instructionSetOf(cpuinfo())?.name ?? arch()}`,
    ...(limit === undefined ? {} : { ONEDNN_MAX_CPU_ISA: limit }),
  };
};
