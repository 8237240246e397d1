import { inputError } from '../../nas/core/input-error.ts';
import { parseS3Uri } from '../../store/object-store.ts';

/**
 * The bucket and key of the trainer's one argument.
 *
 * @throws InputError when it is not an S3 URI.
 */
export const parseJobUri = (uri: string | undefined): ReturnType<typeof parseS3Uri> => {
  try {
    return parseS3Uri(uri ?? '');
  } catch (cause) {
    throw inputError(
      'job',
      uri ?? null,
      's3://BUCKET/runs/RUN/jobs/JOB/job.json',
      'pass the URI of a job document as the first argument',
      { cause },
    );
  }
};
