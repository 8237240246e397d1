import type { ObjectStore } from '../../store/object-store.ts';
import { QUICK } from '../../store/s3-retries.ts';
import { createS3ObjectStore } from '../../store/s3-object-store.ts';
import { useConfig } from '../config.ts';

/** The store that the configuration names; a command waits for it no longer than a person would. */
export const configuredStore = (): ObjectStore =>
  createS3ObjectStore({ bucket: useConfig().bucket, retries: QUICK });
