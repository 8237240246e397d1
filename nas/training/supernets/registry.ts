import { inputError } from '../../core/input-error.ts';
import type { SpaceChoice, SpaceName } from '../../space/registry.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { dartsSupernet, type SupernetSpec } from './darts-supernet.ts';
import { nasBench201Supernet } from './nas-bench-201-supernet.ts';
import { macroShared } from './enas-macro.ts';
import { microShared } from './enas-micro.ts';
import { nasnetShared } from './nasnet.ts';
import type { SharedNetwork, ShareNetwork } from './shared-network.ts';
import type { Supernet } from './supernet.ts';

/** Spaces whose cells share weights on the edges of a supernet, which mixtures train as well. */
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

/** Spaces whose children share weights by their choices. */
const SHARED = {
  'enas-macro': macroShared,
  'enas-micro': microShared,
  nasnet: nasnetShared('nasnet'),
  pnas: nasnetShared('pnas'),
} as const satisfies { readonly [Name in SpaceName]?: ShareNetwork<Extract<SpaceChoice, { name: Name }>> };

/** The children of a space; undefined where it has a supernet of edges instead. */
export const sharedNetworkOf = (space: SpaceChoice, setting: NetworkSetting): SharedNetwork | undefined =>
  (SHARED as Partial<Record<SpaceName, ShareNetwork<SpaceChoice>>>)[space.name]?.(space, setting);
