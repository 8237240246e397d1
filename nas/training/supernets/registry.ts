import { inputError } from '../../core/input-error.ts';
import { dartsSupernet, type SupernetSpec } from './darts-supernet.ts';
import { nasBench201Supernet } from './nas-bench-201-supernet.ts';
import type { Supernet } from './supernet.ts';

const SUPERNETS: Readonly<Record<string, (spec: SupernetSpec) => Supernet>> = {
  'darts-cnn': dartsSupernet,
  'nas-bench-201': nasBench201Supernet,
};

/** Names of the spaces whose cells can share weights in a supernet. */
const SUPERNET_SPACES: readonly string[] = Object.keys(SUPERNETS);

/**
 * The supernet of a space.
 *
 * @throws InputError when the space has none; InvalidArchitectureError if it cannot be built at this size.
 */
export const supernetOf = (space: string, spec: SupernetSpec): Supernet => {
  const build = Object.hasOwn(SUPERNETS, space) ? SUPERNETS[space] : undefined;
  if (build === undefined)
    throw inputError(
      'space.name',
      space,
      SUPERNET_SPACES.join(', '),
      'use a space whose cells can share weights',
    );
  return build(spec);
};
