import { InstanceClass } from 'aws-cdk-lib/aws-ec2';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

const CLASSES: readonly string[] = Object.values(InstanceClass);
const RETENTIONS: readonly number[] = Object.values(RetentionDays).filter((days) => typeof days === 'number');

/** `g5` (Batch picks the size) or `g5.xlarge`. Only x86-64 machines run the images. */
const instances = z.array(
  z.string().refine((name) => CLASSES.includes(name.split('.')[0] ?? ''), {
    error: ({ input }) =>
      `allowed: an EC2 class or type such as g5 or g5.xlarge; ${String(input)} is neither`,
  }),
);

/** One kind of machine: a spot queue and an on-demand queue of their own. */
const fleet = (defaults: { instances: string[]; maxVcpus: number; vcpus: number; memoryMiB: number }) =>
  z
    .strictObject({
      /** EC2 classes or types that Batch may start; more of them mean fewer reclaims. */
      instances: instances.min(1).default(defaults.instances),
      /** vCPUs of all machines of one queue together; the least is always 0. */
      maxVcpus: z.number().int().min(1).max(100_000).default(defaults.maxVcpus),
      /** vCPUs of a job whose experiment names none. */
      vcpus: z.number().int().min(1).default(defaults.vcpus),
      /** Memory of a job whose experiment names none, MiB. */
      memoryMiB: z.number().int().min(512).default(defaults.memoryMiB),
      /** Most that is paid for a spot machine, per cent of the on-demand price. */
      maxSpotPercent: z.number().int().min(1).max(100).default(100),
    })
    .prefault({});

const secretName = z.string().regex(/^[\w/+=.@-]{1,512}$/, "allowed: a secret's name");

/** What `nas deploy` creates: the fields of `nas.deploy.yaml`, every default beside its field. */
export const deploySettingsSchema = z.strictObject({
  /** Name of the CloudFormation stack, and the beginning of every queue's and definition's name. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'allowed: lower-case letters, digits and dashes, at most 32')
    .default('durable-nas'),
  /** AWS region; AWS_REGION where absent. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'allowed: a region such as eu-west-1'),
  network: z
    .strictObject({
      /** Availability zones; spot capacity differs between them. */
      zones: z.number().int().min(1).max(6).default(3),
      /** One is enough for image pulls and the worker; as many as zones survive the loss of one. */
      natGateways: z.number().int().min(1).max(6).default(1),
    })
    .prefault({}),
  storage: z
    .strictObject({
      /** Days that overwritten and deleted objects can still be recovered. */
      noncurrentDays: z.number().int().min(1).default(3),
      /** Days after which an upload in parts that nobody completed is aborted. */
      abandonedUploadDays: z.number().int().min(1).default(2),
    })
    .prefault({}),
  gpu: fleet({ instances: ['g4dn', 'g5', 'g6'], maxVcpus: 64, vcpus: 4, memoryMiB: 14_000 }),
  cpu: fleet({ instances: ['c6i', 'c7i', 'm6i', 'm7i'], maxVcpus: 64, vcpus: 2, memoryMiB: 4_096 }),
  trainer: z
    .strictObject({
      /** Root volume of a machine, GiB; images, checkpoints being written and cached data sets live there. */
      diskGiB: z.number().int().min(50).default(100),
      /** Shared memory of a job, MiB: prefetched batches travel through it. */
      sharedMemoryMiB: z.number().int().min(64).default(2_048),
      /** Limit of one attempt where an experiment sets none. */
      timeoutHours: z.number().int().min(1).default(24),
      /** Minutes that a job waits for a machine before it fails with `no-capacity` and is launched anew. */
      capacityMinutes: z.number().int().min(10).max(1440).default(240),
    })
    .prefault({}),
  /** The worker that drives runs. Absent: none is deployed, and it has to run elsewhere. */
  worker: z
    .strictObject({
      /** `host:port` of a Temporal frontend that the stack's network reaches. */
      temporalAddress: z.string().regex(/^[^\s:/]+:\d+$/, 'allowed: host:port'),
      temporalNamespace: z.string().min(1).default('default'),
      /**
       * Speak TLS to Temporal, verified by the public authorities; an API key or a certificate implies it.
       */
      temporalTls: z.boolean().default(false),
      /**
       * Names of secrets in Secrets Manager, in the stack's region; each holds one value and nothing else.
       */
      temporalSecrets: z
        .strictObject({
          apiKey: secretName.optional(),
          /** PEM; together with `clientKey`. */
          clientCertificate: secretName.optional(),
          clientKey: secretName.optional(),
        })
        .refine(
          ({ clientCertificate, clientKey }) =>
            (clientCertificate === undefined) === (clientKey === undefined),
          'allowed: clientCertificate and clientKey together',
        )
        .prefault({}),
      taskQueue: z.string().min(1).default('nas'),
      /** Workers that share the task queue. */
      count: z.number().int().min(1).max(10).default(1),
    })
    .optional(),
  /** Days that logs are kept. */
  logDays: z
    .number()
    .refine((days) => RETENTIONS.includes(days), { error: `allowed: ${RETENTIONS.join(', ')}` })
    .default(RetentionDays.ONE_MONTH),
});

export type DeploySettings = z.infer<typeof deploySettingsSchema>;
export type FleetSettings = DeploySettings['gpu'];
