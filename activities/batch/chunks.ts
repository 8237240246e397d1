/** What DescribeJobs takes at once. */
export const IDS_PER_CALL = 100;

/** The items in order, at most `size` at a time. */
export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
