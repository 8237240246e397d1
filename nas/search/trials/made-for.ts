import type { Space } from '../../space/space.ts';

/** `refuses` of a strategy that is made for these spaces alone: its reason, of any other. */
export const madeFor =
  (spaces: readonly Pick<Space, 'name'>[], reason: string) =>
  ({ name }: Pick<Space, 'name'>): string | undefined =>
    spaces.some((space) => space.name === name) ? undefined : reason;
