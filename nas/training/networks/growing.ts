import type { Json } from '../../core/json.ts';
import type { SpaceChoice, SpaceName } from '../../space/registry.ts';
import { grownVariables, type GrowVariables } from './eas-growth.ts';

/** How networks of a space take over the weights of the network that they grew out of. */
const GROWN: { readonly [Name in SpaceName]?: GrowVariables<never> } = { eas: grownVariables };

export const GROWING_SPACES: readonly string[] = Object.keys(GROWN);

/** Undefined where networks of the space do not grow. It is handed genotypes of that space alone. */
export const growVariablesOf = ({ name }: SpaceChoice): GrowVariables<Json> | undefined =>
  GROWN[name] as GrowVariables<Json> | undefined;
