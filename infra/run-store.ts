import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectOwnership,
  type IBucket,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

interface RunStoreProps {
  /**
   * How long overwritten and deleted objects can still be recovered.
   *
   * @default 3 days
   */
  readonly noncurrentExpiration?: Duration;
  /**
   * Age at which an upload in parts that nobody completed is aborted.
   *
   * @default 2 days
   */
  readonly abandonedUploads?: Duration;
}

/**
 * The bucket of data, runs and checkpoints. It outlives the stack: results are not infrastructure.
 *
 * Which checkpoints a finished run still needs is known to the product alone (reports and receipts refer to
 * them), so jobs sweep their own old ones, `nas gc` removes the rest, and S3's rules finish what both have
 * deleted.
 */
export class RunStore extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: RunStoreProps = {}) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'abandoned-uploads',
          abortIncompleteMultipartUploadAfter: props.abandonedUploads ?? Duration.days(2),
        },
        {
          id: 'noncurrent-versions',
          noncurrentVersionExpiration: props.noncurrentExpiration ?? Duration.days(3),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    acknowledge(
      bucket,
      'Access logs would double the requests of a bucket that jobs write all day; CloudTrail data events audit it where an account needs that.',
      'AwsSolutions-S1',
    );
    // The library's interfaces leave `undefined` out of what its classes return.
    this.bucket = bucket as IBucket;
  }
}
