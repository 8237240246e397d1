/** Files outside image classification's own that still speak of images, classes or accuracy; may only get shorter. */
export const EXCEPTIONS: readonly string[] = [
  ',
  ',
  'nas/search/one-job/checks.ts',
  'nas/search/one-job/course.ts',
  'nas/search/one-job/darts.ts',
  'nas/search/one-job/enas.ts',
  'nas/search/one-job/mixture.ts',
  'nas/search/one-job/one-job-search.ts',
  'nas/search/one-job/random-weight-sharing.ts',
  'nas/search/one-job/smash.ts',
  'nas/search/one-job/snas.ts',
  'nas/space/definitions/operation-graph.ts',
  's own that still speak of images, classes or accuracy; may only get shorter. */
export const EXCEPTIONS: readonly string[] = [
  ',
  'scripts/runs/find-architecture.ts',
];
