/** An instruction set that native kernels choose their code by. */
export interface InstructionSet {
  /** oneDNN's name, as ONEDNN_MAX_CPU_ISA takes it. */
  readonly name: string;
  readonly family: 'SSE' | 'AVX' | 'AVX2' | 'AVX-512';
}

const SSE41 = ['sse4_1'];
const AVX = [...SSE41, 'avx'];
const AVX2 = [...AVX, 'avx2', 'fma'];
const AVX512 = [...AVX2, 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq'];
const VNNI = [...AVX512, 'avx512_vnni'];
const BF16 = [...VNNI, 'avx512_bf16'];
const FP16 = [...BF16, 'avx512_fp16'];
const AMX = [...FP16, 'amx_tile', 'amx_int8', 'amx_bf16'];

/**
 * Largest first, each with the flags of Linux that it needs: one without all of them is of no use to oneDNN.
 */
const SETS: readonly (InstructionSet & { readonly flags: readonly string[] })[] = [
  { name: 'AVX512_CORE_AMX', family: 'AVX-512', flags: AMX },
  { name: 'AVX512_CORE_FP16', family: 'AVX-512', flags: FP16 },
  { name: 'AVX512_CORE_BF16', family: 'AVX-512', flags: BF16 },
  { name: 'AVX512_CORE_VNNI', family: 'AVX-512', flags: VNNI },
  { name: 'AVX512_CORE', family: 'AVX-512', flags: AVX512 },
  { name: 'AVX2_VNNI', family: 'AVX2', flags: [...AVX2, 'avx_vnni'] },
  { name: 'AVX2', family: 'AVX2', flags: AVX2 },
  { name: 'AVX', family: 'AVX', flags: AVX },
  { name: 'SSE41', family: 'SSE', flags: SSE41 },
];

/** Names of all that a CPU may have. */
export const INSTRUCTION_SETS: readonly string[] = SETS.map(({ name }) => name);

/** The largest set that the text of `/proc/cpuinfo` shows; `undefined` where it shows none. */
export const instructionSetOf = (cpuinfo: string): InstructionSet | undefined => {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []);
  return SETS.find((set) => set.flags.every((flag) => flags.has(flag)));
};
