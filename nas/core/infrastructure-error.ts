/**
 * Something the product depends on is down, missing or refuses; the message names it and the fix. Exit code
 * 3.
 */
export class InfrastructureError extends Error {
  override readonly name = 'InfrastructureError';
}

/** Builds the one form that every infrastructure error has. */
export const infrastructureError = (
  problem: string,
  fix: string,
  options?: ErrorOptions,
): InfrastructureError => new InfrastructureError(`${problem}. Fix: ${fix}`, options);
