import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { parseJson } from '../../../nas/core/json.ts';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { codeRoot, hasCode } from './code.ts';
import { stackEnvironment } from './document.ts';
import type { StackDocument } from './document.ts';
import type { Layout } from './layout.ts';

const answerSchema = z.array(z.object({ runId: z.string(), workflowId: z.string(), reason: z.string() }));
const CHECK_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES = 64 * 2 ** 20;

/** Which workflows under way the code in `root` could not go on with. */
const askCode = async (root: string, stack: StackDocument): Promise<z.infer<typeof answerSchema>> => {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(stackEnvironment(stack)))
    if (value === undefined) delete env[name];
    else env[name] = value;
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['scripts/run.mjs', 'containers/worker/check-runs.ts'],
      { cwd: root, env, timeout: CHECK_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES },
    );
    const answer = /^CHECKED (.*)$/m.exec(stdout)?.[1];
    if (answer === undefined) throw new Error(stdout);
    return parseJson(answerSchema, answer);
  } catch (cause) {
    throw infrastructureError(
      'the runs under way could not be replayed with the code of this tree; the worker was left as it was',
      'see what follows; nas doctor',
      { cause },
    );
  }
};

/**
 * The code that worker and new runs get: the tree's, unless a run is under way that it could not go on with.
 * Then the code of before stays, for all of them, until that run has ended. Temporal runs already.
 */
export const chooseCode = async (
  layout: Layout,
  stack: StackDocument,
  tree: string,
  say: (line: string) => void,
): Promise<string> => {
  const { code: before } = stack;
  if (before === undefined || before === tree || !hasCode(layout, before)) return tree;
  const refused = await askCode(codeRoot(layout, tree), stack);
  if (refused.length === 0) {
    say(
      `code: this tree's (${tree}) from now on; runs under way go on with it, their jobs with the code they began with`,
    );
    return tree;
  }
  for (const { workflowId, reason } of refused)
    say(`code: ${workflowId} cannot go on with this tree's: ${reason}`);
  const runs = [...new Set(refused.map(({ runId }) => runId))];
  say(
    `code: worker and new runs stay with the code of before (${before}), which ${runs.join(', ')} began with. ` +
      `Fix: once ${runs.length === 1 ? 'that run has' : 'these runs have'} ended (nas cancel RUN ends one), nas up takes this tree's (${tree}) over`,
  );
  return before;
};
