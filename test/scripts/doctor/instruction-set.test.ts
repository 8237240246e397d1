import { describe, expect, it } from 'vitest';
import { describeCpu } from '../../../scripts/doctor/instruction-set.ts';

describe('the CPU', () => {
  const cpuinfo =
    'processor\t: 0\nflags\t\t: fpu sse4_1 avx avx2 fma avx512f avx512bw avx512vl avx512dq\nbugs\t\t:\n';

  it('is named with its limit', () => {
    expect(describeCpu('', cpuinfo)).toMatch(/, AVX-512 \(AVX512_CORE\)$/);
    expect(describeCpu('AVX2', cpuinfo)).toMatch(
      /AVX-512 \(AVX512_CORE\), limited by ONEDNN_MAX_CPU_ISA=AVX2$/,
    );
    expect(describeCpu('', '')).toMatch(/, (?:x64|arm64)$/);
  });

  it('has no limit that oneDNN ignores', () => {
    expect(() => describeCpu('AVX3', cpuinfo)).toThrow(
      /ONEDNN_MAX_CPU_ISA=AVX3 is ignored: allowed: AVX512_CORE_AMX, .*\bSSE41\b/,
    );
    for (const limit of ['avx2_vnni', 'AVX512_CORE_FP16', 'ALL'])
      expect(describeCpu(limit, cpuinfo)).toContain(`limited by ONEDNN_MAX_CPU_ISA=${limit}`);
  });
});
