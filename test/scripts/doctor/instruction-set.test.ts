import { describe, expect, it } from 'vitest';
import { describeCpu, instructionSetOf } from '../../../scripts/doctor/instruction-set.ts';

const AVX2 = ['sse4_1', 'avx', 'avx2', 'fma'];
const AVX512 = [...AVX2, 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq', 'avx512cd'];
const AMX = [...AVX512, 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_tile', 'amx_int8', 'amx_bf16'];

describe('the instruction set of a CPU', () => {
  it.each([
    [AVX2, 'AVX2 (avx2)'],
    [AVX512, 'AVX-512 (avx512_core)'],
    [AMX, 'AVX-512 (avx512_core_amx)'],
    [['sse4_1'], 'SSE (sse41)'],
    [['sse2'], undefined],
    // A gap ends the ladder: what stands above it is of no use.
    [AMX.filter((flag) => flag !== 'avx2'), 'AVX (avx)'],
  ])('of the flags %j is %s', (flags, expected) => {
    expect(instructionSetOf(new Set(flags))).toBe(expected);
  });

  it('is named with its limit, and a limit that oneDNN ignores is found', () => {
    const cpuinfo = `processor\t: 0\nflags\t\t: fpu ${AVX512.join(' ')}\n`;
    expect(describeCpu('', cpuinfo)).toMatch(/, AVX-512 \(avx512_core\)$/);
    expect(describeCpu('AVX2', cpuinfo)).toMatch(
      /AVX-512 \(avx512_core\), limited by ONEDNN_MAX_CPU_ISA=AVX2$/,
    );
    expect(() => describeCpu('AVX3', cpuinfo)).toThrow(
      /ONEDNN_MAX_CPU_ISA=AVX3 is ignored: allowed: SSE41, /,
    );
  });
});
