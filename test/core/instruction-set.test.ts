import { expect, it } from 'vitest';
import { INSTRUCTION_SETS, instructionSetOf } from '../../nas/core/instruction-set.ts';

const AVX2 = 'sse4_1 avx avx2 fma';
const AVX512 = `${AVX2} avx512f avx512dq avx512bw avx512vl`;
const AMX = `${AVX512} avx512_vnni avx512_bf16 avx512_fp16 amx_tile amx_int8 amx_bf16`;

it.each([
  ['fpu sse sse2 sse4_1 sse4_2', 'SSE41', 'SSE'],
  ['sse4_1 avx', 'AVX', 'AVX'],
  [AVX2, 'AVX2', 'AVX2'],
  [`${AVX2} avx_vnni`, 'AVX2_VNNI', 'AVX2'],
  [AVX512, 'AVX512_CORE', 'AVX-512'],
  [`${AVX512} avx512_vnni`, 'AVX512_CORE_VNNI', 'AVX-512'],
  [`${AVX512} avx512_vnni avx512_bf16`, 'AVX512_CORE_BF16', 'AVX-512'],
  [`${AVX512} avx512_vnni avx512_bf16 avx512_fp16`, 'AVX512_CORE_FP16', 'AVX-512'],
  [AMX, 'AVX512_CORE_AMX', 'AVX-512'],
  // Knights Landing has the foundation alone.
  [`${AVX2} avx512f avx512cd`, 'AVX2', 'AVX2'],
  // What stands above a gap is of no use.
  [AMX.replace(' avx2', ''), 'AVX', 'AVX'],
])('the flags %s are of %s', (flags, name, family) => {
  expect(instructionSetOf(`processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t:\n`)).toMatchObject({
    name,
    family,
  });
  expect(INSTRUCTION_SETS).toContain(name);
});

it.each(['flags\t\t: fpu sse2\n', 'Features\t: fp asimd\n', ''])('%j shows none', (cpuinfo) => {
  expect(instructionSetOf(cpuinfo)).toBeUndefined();
});
