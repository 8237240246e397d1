import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { ListMultipartUploadsCommandOutput, S3ClientConfig } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import pRetry, { AbortError } from 'p-retry';
import { StorageError } from './object-store.ts';
import { CorruptDocumentError } from './sealed-document.ts';
import { requestTimeouts } from './request-timeouts.ts';
import { createRetryStrategy, PATIENT, type RetryOptions } from './s3-retries.ts';
import type { ConditionalWrite, ObjectStore } from './object-store.ts';

interface S3ObjectStoreOptions {
  readonly bucket: string;
  /** Region, endpoint and credentials come from the environment unless a client is given. */
  readonly client?: S3Client;
  /** How long to bear with a service that does not answer, when no client is given; patiently by default. */
  readonly retries?: RetryOptions;
  /** Bodies above this many bytes are uploaded in parts of this size (S3's minimum is 5 MiB). */
  readonly partBytes?: number;
  /** Objects asked for in one request of a listing; S3's maximum is 1000. */
  readonly pageKeys?: number;
}

const MiB = 2 ** 20;

/**
 * An S3 client that outlives a restart of its server: patient retries, and no request that can hang for ever.
 * Endpoint, region and credentials come from the SDK's own environment variables unless `config` says
 * otherwise.
 */
export const createS3Client = (config: S3ClientConfig = {}): S3Client =>
  new S3Client({
    retryStrategy: createRetryStrategy(PATIENT),
    requestHandler: requestTimeouts(60_000),
    ...config,
  });

const status = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException &&
  (error.name === 'NoSuchKey' || error.name === 'NotFound') &&
  status(error) === 404;

/**
 * The SDK compares a body with the checksum that the service keeps beside the object, and names its refusal
 * by words alone.
 */
const isChecksumMismatch = (error: unknown): error is Error =>
  error instanceof Error && error.message.startsWith('Checksum mismatch');

/** Tries at a body that its checksum refutes: a bit may turn on the way, too. */
const DAMAGED_TRIES = 3;

/** Listings may tell milliseconds that HTTP headers cannot; both must say the same of the same object. */
const wholeSeconds = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000) * 1000;

const isUnknownUpload = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.name === 'NoSuchUpload';

/** The object store on Amazon S3 or a server that speaks its protocol, conditional writes included. */
export const createS3ObjectStore = (options: S3ObjectStoreOptions): ObjectStore => {
  const { bucket, partBytes = 16 * MiB, pageKeys = 1000 } = options;
  const retryStrategy = createRetryStrategy(options.retries ?? PATIENT);
  const client = options.client ?? createS3Client({ retryStrategy });

  const failure = (verb: string, key: string, cause: unknown): StorageError => {
    const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const code = status(cause);
    return new StorageError(
      `${verb} failed${code === undefined ? '' : ` with status ${code}`}: ${detail} [bucket=${bucket}, key=${key}]`,
      { cause },
    );
  };
  const named = async <T>(verb: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof StorageError || error instanceof CorruptDocumentError
        ? error
        : failure(verb, key, error);
    }
  };

  /** 409 says that a concurrent conditional write is still undecided, and asks to try again. */
  const decided = (work: () => Promise<ConditionalWrite>): Promise<ConditionalWrite> =>
    pRetry(
      async () => {
        try {
          return await work();
        } catch (error) {
          if (status(error) === 412 || isMissing(error)) return { kind: 'conflict' };
          if (status(error) === 409) throw error;
          throw new AbortError(error as Error);
        }
      },
      { retries: 8, minTimeout: 20, maxTimeout: 1_000, randomize: true },
    );

  const putWhole = async (key: string, body: Uint8Array, condition: object = {}) => {
    const answer = await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...condition }),
    );
    return { kind: 'written', etag: answer.ETag ?? '' } as const;
  };
  /**
   * The upload is unknown when a retried completion or abortion had been carried out before; then all is sent
   * again.
   */
  const putInParts = (key: string, body: Uint8Array) =>
    pRetry(
      async () => {
        const upload = new Upload({
          client,
          params: { Bucket: bucket, Key: key, Body: body },
          partSize: Math.max(partBytes, 5 * MiB),
          queueSize: 4,
          leavePartsOnError: false,
        });
        const answer = await upload.done().catch((error: unknown) => {
          throw isUnknownUpload(error) ? (error as Error) : new AbortError(error as Error);
        });
        return { etag: answer.ETag ?? '' };
      },
      { retries: 4, minTimeout: 50, randomize: true },
    );

  return {
    uri: (key) => `s3://${bucket}/${key}`,
    get: (key) =>
      named('GetObject', key, () =>
        // The SDK retries up to the response's head only; a body that ends early or stalls is retried here.
        pRetry(
          async () => {
            const answer = await client
              .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
              .catch((error: unknown) => {
                if (isMissing(error)) return undefined;
                throw new AbortError(error as Error);
              });
            if (answer === undefined) return undefined;
            const body = await (
              answer.Body?.transformToByteArray() ?? Promise.resolve(new Uint8Array())
            ).catch((cause: unknown) => {
              if (!isChecksumMismatch(cause)) throw cause;
              const { ETag: etag } = answer;
              throw new CorruptDocumentError(`${key}: ${cause.message}`, {
                cause,
                ...(etag === undefined ? {} : { etag }),
              });
            });
            if (answer.ContentLength !== undefined && body.byteLength !== answer.ContentLength) {
              throw new Error(
                `the body has ${body.byteLength} bytes where ${answer.ContentLength} were announced`,
              );
            }
            return { body, etag: answer.ETag ?? '' };
          },
          {
            retries: 6,
            minTimeout: 50,
            maxTimeout: 5_000,
            randomize: true,
            shouldRetry: ({ error, attemptNumber }) =>
              !(error instanceof CorruptDocumentError) || attemptNumber < DAMAGED_TRIES,
          },
        ),
      ),
    head: (key) =>
      named('HeadObject', key, async () => {
        try {
          const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
          return {
            key,
            bytes: answer.ContentLength ?? 0,
            etag: answer.ETag ?? '',
            modifiedAt: wholeSeconds(answer.LastModified),
          };
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
    put: (key, body) =>
      named('PutObject', key, () =>
        body.byteLength > partBytes ? putInParts(key, body) : putWhole(key, body),
      ),
    putIfAbsent: (key, body) =>
      named('PutObject (if absent)', key, () => decided(() => putWhole(key, body, { IfNoneMatch: '*' }))),
    compareAndSwap: (key, body, etag) =>
      named('PutObject (if unchanged)', key, () => decided(() => putWhole(key, body, { IfMatch: etag }))),
    async *list(prefix) {
      try {
        for await (const page of paginateListObjectsV2(
          { client, pageSize: pageKeys },
          { Bucket: bucket, Prefix: prefix },
        )) {
          for (const entry of page.Contents ?? []) {
            yield {
              key: entry.Key ?? '',
              bytes: entry.Size ?? 0,
              etag: entry.ETag ?? '',
              modifiedAt: wholeSeconds(entry.LastModified),
            };
          }
        }
      } catch (error) {
        throw failure('ListObjectsV2', prefix, error);
      }
    },
    delete: async (keys) => {
      for (let start = 0; start < keys.length; start += 1000) {
        const batch = keys.slice(start, start + 1000);
        await named('DeleteObjects', batch[0] ?? '', async () => {
          const answer = await client.send(
            new DeleteObjectsCommand({
              Bucket: bucket,
              Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true },
            }),
          );
          const refused = (answer.Errors ?? []).filter((error) => error.Code !== 'NoSuchKey')[0];
          if (refused) throw new Error(`${refused.Code} for ${refused.Key}: ${refused.Message}`);
        });
      }
    },
    async *listUploads(prefix) {
      let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
      while (marker) {
        const request = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker });
        const answer: ListMultipartUploadsCommandOutput = await named('ListMultipartUploads', prefix, () =>
          client.send(request),
        );
        for (const upload of answer.Uploads ?? []) {
          yield {
            key: upload.Key ?? '',
            uploadId: upload.UploadId ?? '',
            startedAt: wholeSeconds(upload.Initiated),
          };
        }
        marker =
          answer.IsTruncated && answer.NextKeyMarker
            ? {
                KeyMarker: answer.NextKeyMarker,
                ...(answer.NextUploadIdMarker ? { UploadIdMarker: answer.NextUploadIdMarker } : {}),
              }
            : undefined;
      }
    },
    abortUpload: (upload) =>
      named('AbortMultipartUpload', upload.key, async () => {
        await client
          .send(
            new AbortMultipartUploadCommand({
              Bucket: bucket,
              Key: upload.key,
              UploadId: upload.uploadId,
            }),
          )
          .catch((error: unknown) => {
            if (!isUnknownUpload(error)) throw error;
          });
      }),
  };
};
