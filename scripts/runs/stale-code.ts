import { treeCode } from '../../infra/local/stack/code.ts';
import { readStack } from '../../infra/local/stack/document.ts';
import { layoutOf } from '../../infra/local/stack/layout.ts';
import type { LoadedConfig } from '../config.ts';

/** Says that a run that starts now is not computed by the code of this tree; nothing where it is. */
export const describeStaleCode = ({ embedded }: Pick<LoadedConfig, 'embedded'>): string | undefined => {
  const code = embedded && readStack(layoutOf(embedded.home))?.code;
  if (code === undefined) return undefined;
  const tree = treeCode();
  if (code === tree) return undefined;
  return `the stack runs other code (${code}) than this tree's (${tree}), and so do the runs that start now. Fix: nas up takes this tree's over`;
};
