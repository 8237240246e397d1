import { errorChain } from '../nas/core/error-text.ts';
import { InfrastructureError } from '../nas/core/infrastructure-error.ts';
import { isMachineFault } from './machine-fault.ts';

const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);
/** gRPC's UNAVAILABLE and DEADLINE_EXCEEDED, which a Temporal connection reports as numbers. */
const GRPC_DOWN = new Set([14, 4]);

/** Does this very error say that a service did not answer? */
const saysDown = (error: Error & { code?: unknown }): boolean =>
  error instanceof InfrastructureError ||
  (typeof error.code === 'string' && NETWORK_ERRORS.has(error.code)) ||
  (typeof error.code === 'number' && GRPC_DOWN.has(error.code));

/** Did a service not answer, which it may do again by itself? */
export const isOutage = (error: unknown): boolean => [...errorChain(error)].some(saysDown);

/** Is this very error about the machine or a service, and not about what the user wrote? */
export const isInfrastructure = (error: Error & { code?: unknown }): boolean =>
  saysDown(error) || isMachineFault(error);
