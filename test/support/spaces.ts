import { chosenSpace, SPACE_NAMES, spaceSchema, type SpaceName } from '../../nas/space/registry.ts';
import type { Space } from '../../nas/space/space.ts';

/** Every search space with its default options. */
export const SPACES = Object.fromEntries(
  SPACE_NAMES.map((name) => [name, chosenSpace(spaceSchema.parse({ name }))]),
) as unknown as Readonly<Record<SpaceName, Space>>;
