import { setTimeout as sleep } from 'node:timers/promises';
import { liveView } from './live-view.ts';
import type { LiveView } from './live-view.ts';
import type { Session } from './connect.ts';
import type { ProgressDisplay } from './progress-display.ts';
import { createScreen } from './progress-screen.ts';
import { createLines } from './progress-lines.ts';
import { errorText } from '../../nas/core/error-text.ts';
import { isOutage } from '../outage.ts';

const POLL_MILLISECONDS = 1_000;
/**
 * How long a run is watched that nothing answers for: the stack may be restarted, and the run goes on by
 * itself.
 */
const PATIENCE_MILLISECONDS = 600_000;

/** Exit code of a command that its user left with Ctrl-C. */
export const LEFT = 130;

const comeBack = (runId: string): string =>
  `left; run ${runId} goes on. nas watch ${runId} comes back to it, nas cancel ${runId} ends it`;

/**
 * Follows a run until it ends: a drawing in place on a terminal, a line a change elsewhere. May be stopped
 * and started again at any time; the run does not notice. Ctrl-C ends this process, not the run, with
 * `farewell` as its last words.
 */
export const watchRun = async (
  session: Session,
  runId: string,
  options: { readonly stderr?: NodeJS.WriteStream; readonly farewell?: string } = {},
): Promise<LiveView> => {
  const { stderr = process.stderr, farewell = comeBack(runId) } = options;
  const display: ProgressDisplay =
    stderr.isTTY && process.env['TERM'] !== 'dumb'
      ? createScreen(stderr)
      : createLines((line) => stderr.write(`${line}\n`));
  /**
   * When there was an answer last; absent before the first, because a stack that is down is worth no waiting.
   */
  let answeredAt: number | undefined;
  let silent = false;
  const leave = (): void => {
    display.close();
    stderr.write(`${farewell}\n`);
    process.exit(LEFT);
  };
  process.once('SIGINT', leave);
  try {
    for (;;) {
      try {
        const view = await liveView(session, runId);
        if (silent) display.say('connected again');
        silent = false;
        answeredAt = performance.now();
        display.show(view);
        if (view.status !== 'running' && view.status !== 'paused' && (await hasClosed(session, runId)))
          return view;
      } catch (error) {
        if (answeredAt === undefined || !isOutage(error)) throw error;
        if (performance.now() - answeredAt > PATIENCE_MILLISECONDS) throw error;
        if (!silent) display.say(`no answer, trying again: ${errorText(error)}`);
        silent = true;
      }
      await sleep(POLL_MILLISECONDS);
    }
  } finally {
    process.off('SIGINT', leave);
    display.close();
  }
};

/** The view says how a run ended before its report is written; the workflow closes afterwards. */
const hasClosed = async ({ client }: Session, runId: string): Promise<boolean> =>
  (await client.workflow.getHandle(runId).describe()).status.name !== 'RUNNING';
