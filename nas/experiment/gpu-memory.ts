const GiB = 1024;

/** No GPU that EC2 offers has more memory. */
export const LARGEST_GPU_MIB = 288 * GiB;

/** GiB of one GPU of EC2's families of machines, each no less than the real one has. */
const GIB_OF_FAMILY: Readonly<Record<string, number>> = {
  p2: 12,
  p3: 16,
  p3dn: 32,
  p4d: 40,
  p4de: 80,
  p5: 80,
  p5e: 141,
  p5en: 141,
  'p6-b200': 192,
  g3: 8,
  g3s: 8,
  g4ad: 8,
  g4dn: 16,
  g5: 24,
  g5g: 16,
  g6: 24,
  g6e: 48,
  g6f: 24,
  gr6: 24,
  gr6f: 24,
};

/**
 * Memory of one GPU of a type or family of machines, at most; that of the largest GPU where the family is not
 * known.
 */
export const gpuMemoryMiB = (type: string): number => {
  const gib = GIB_OF_FAMILY[type.split('.')[0] ?? ''];
  return gib === undefined ? LARGEST_GPU_MIB : gib * GiB;
};
