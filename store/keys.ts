/**
 * Every S3 key of the product. A key is never a prefix folder of another key (`a` beside `a/b`): POSIX-backed
 * S3 servers cannot hold both.
 */
export const keys = {
  blob: (sha256: string) => `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`,
  blobs: () => 'blobs/',
  /** What garbage collection found unreferenced and will delete once its grace period is over. */
  condemned: () => 'garbage/condemned.json',
  datasets: () => 'datasets/',
  dataset: (name: string) => `datasets/${name}/manifest.json`,
  /** How many images of each class it has: counted from its labels, so that nobody must read them again. */
  datasetCounts: (name: string) => `datasets/${name}/counts.json`,
  tables: () => 'tables/',
  /** A benchmark's table. */
  table: (name: string) => `tables/${name}/manifest.json`,
  /** Proofs that jobs of an experiment resume exactly; `experiment` is its hash. */
  receipts: (experiment: string) => `receipts/${experiment}/`,
  receipt: (experiment: string, name: string) => `receipts/${experiment}/${name}.json`,
  /**
   * A document of a run, or another, that was found damaged and was written anew; by its key and what was
   * found there.
   */
  damaged: (key: string, sha256: string) => {
    const [, run = '', path = key] = /^(runs\/[^/]+\/)(.+)$/.exec(key) ?? [];
    return `${run}damaged/${path}/${sha256.slice(0, 16)}.json`;
  },
  /** Who deleted a run, when, and what that freed. */
  deletions: () => 'deletions/',
  deletion: (runId: string, at: string) => `deletions/${runId}/${at.replace(/[^0-9TZ]/g, '')}.json`,
  runs: () => 'runs/',
  run: (runId: string) => `runs/${runId}/`,
  /** The resolved experiment; put-if-absent reserves the run's name. */
  experiment: (runId: string) => `runs/${runId}/experiment.json`,
  /** The same once more, should that be damaged. */
  experimentCopy: (runId: string) => `runs/${runId}/experiment-copy.json`,
  /** Result of a finished stage: `{ref}` documents that later stages and forks read. */
  stageResult: (runId: string, stage: string) => `runs/${runId}/stages/${stage}.json`,
  report: (runId: string, file: string) => `runs/${runId}/report/${file}`,
  /** Announces to the worker that the attempt of a job under lease `epoch` is about to lose its machine. */
  notice: (runId: string, jobId: string, epoch: number) =>
    `runs/${runId}/notices/${jobId}/${String(epoch).padStart(6, '0')}.json`,
  notices: (runId: string) => `runs/${runId}/notices/`,
  /** The log of a search by trials, and what operators ask of it; `jobId` is the search's. */
  search: (runId: string, jobId: string) => ({
    /** Names the newest segment and holds the events after it. */
    head: `runs/${runId}/searches/${jobId}/head.json`,
    segment: (number: number, sha256: string) =>
      `runs/${runId}/searches/${jobId}/segments/${String(number).padStart(6, '0')}-${sha256}.json`,
    segments: `runs/${runId}/searches/${jobId}/segments/`,
    /** The same once more, should one be damaged. */
    headCopy: `runs/${runId}/searches/${jobId}/head-copy.json`,
    segmentCopy: (number: number, sha256: string) =>
      `runs/${runId}/searches/${jobId}/segment-copies/${String(number).padStart(6, '0')}-${sha256}.json`,
    steering: `runs/${runId}/searches/${jobId}/steering.json`,
  }),
  jobs: (runId: string) => `runs/${runId}/jobs/`,
  job: (runId: string, jobId: string) => ({
    prefix: `runs/${runId}/jobs/${jobId}/`,
    document: `runs/${runId}/jobs/${jobId}/job.json`,
    lease: `runs/${runId}/jobs/${jobId}/lease.json`,
    latest: `runs/${runId}/jobs/${jobId}/latest.json`,
    /** Manifest of the checkpoint at `step` written under lease `epoch`. */
    manifest: (epoch: number, step: number) =>
      `runs/${runId}/jobs/${jobId}/checkpoints/${String(epoch).padStart(6, '0')}-${String(step).padStart(12, '0')}.json`,
    manifests: `runs/${runId}/jobs/${jobId}/checkpoints/`,
    /**
     * Tensors or state of the checkpoint at `step` of lease `epoch`; later manifests of that epoch may share
     * it.
     */
    chunk: (epoch: number, step: number, sha256: string) =>
      `runs/${runId}/jobs/${jobId}/chunks/${String(epoch).padStart(6, '0')}-${String(step).padStart(12, '0')}-${sha256}`,
    chunks: `runs/${runId}/jobs/${jobId}/chunks/`,
    /** Record of a checkpoint refused because its writer's lease `epoch` was over. */
    refusal: (epoch: number, step: number) =>
      `runs/${runId}/jobs/${jobId}/refusals/${String(epoch).padStart(6, '0')}-${String(step).padStart(12, '0')}.json`,
    refusals: `runs/${runId}/jobs/${jobId}/refusals/`,
    /** A person's decision, under lease `epoch`, that the job begins anew. */
    anew: (epoch: number) => `runs/${runId}/jobs/${jobId}/anew/${String(epoch).padStart(6, '0')}.json`,
    anews: `runs/${runId}/jobs/${jobId}/anew/`,
    /** Names a checkpoint that retention must keep, and who needs it. */
    pin: (epoch: number, step: number) =>
      `runs/${runId}/jobs/${jobId}/pins/${String(epoch).padStart(6, '0')}-${String(step).padStart(12, '0')}.json`,
    pins: `runs/${runId}/jobs/${jobId}/pins/`,
    attempt: (epoch: number) => `runs/${runId}/jobs/${jobId}/attempts/${String(epoch).padStart(6, '0')}.json`,
    attempts: `runs/${runId}/jobs/${jobId}/attempts/`,
    /**
     * What was known of the attempt under lease `epoch` when its process had crashed; written by the worker.
     */
    crash: (epoch: number) => `runs/${runId}/jobs/${jobId}/crashes/${String(epoch).padStart(6, '0')}.json`,
    crashes: `runs/${runId}/jobs/${jobId}/crashes/`,
    /** Who starts the attempt after the one under lease `epoch`, which was told to leave. */
    handover: (epoch: number) =>
      `runs/${runId}/jobs/${jobId}/handovers/${String(epoch).padStart(6, '0')}.json`,
    handovers: `runs/${runId}/jobs/${jobId}/handovers/`,
    /** Progress for `watch`; overwritten, never read by the protocol. */
    progress: `runs/${runId}/jobs/${jobId}/progress.json`,
    result: `runs/${runId}/jobs/${jobId}/result.json`,
    /** How long the trained network takes for an image, where that is asked. */
    latency: `runs/${runId}/jobs/${jobId}/latency.json`,
    /**
     * Trials of a search that were submitted as one Batch array; among its jobs, where their trainers may
     * read.
     */
    array: (id: string) => `runs/${runId}/jobs/${jobId}/arrays/${id}.json`,
    arrays: `runs/${runId}/jobs/${jobId}/arrays/`,
    /** What the drill of `experiment.rehearsal` has done to this job. */
    rehearsal: `runs/${runId}/jobs/${jobId}/rehearsal.json`,
  }),
} as const;
