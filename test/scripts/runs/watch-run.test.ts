import { Writable } from 'node:stream';
import { ServiceError } from '@temporalio/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunView } from '../../../nas/protocol/run-view.ts';
import type { Session } from '../../../scripts/runs/connect.ts';
import { LEFT, watchRun } from '../../../scripts/runs/watch-run.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';

const view = (status: RunView['status']): RunView => ({
  runId: 'run',
  experiment: 'toy',
  status,
  stages: [],
});
const refused = (code: number, message: string): Error =>
  new ServiceError(message, { cause: Object.assign(new Error(message), { code }) });
/** gRPC's UNAVAILABLE. */
const away = (): Error => refused(14, 'away');
/** What a server answers a query with soon after its worker has gone. */
const noPoller = (): Error => refused(9, 'no poller seen for task queue recently, worker may be down');

const watch = async (...answers: (RunView | Error)[]) => {
  let said = '';
  const stderr = new Writable({
    write: (chunk: Buffer, _, done) => {
      said += chunk.toString();
      done();
    },
  }) as NodeJS.WriteStream;
  const handle = {
    query: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    describe: async () => ({ status: { name: 'COMPLETED' } }),
  };
  const client = {
    connection: { withDeadline: (_: number, call: () => unknown) => call() },
    workflow: { getHandle: () => handle },
  };
  const session = { client, store: createMemoryObjectStore(), config: {} } as unknown as Session;
  return { view: await watchRun(session, 'run', { stderr }), said: () => said };
};

afterEach(() => vi.restoreAllMocks());

describe('watching a run', () => {
  it('is left by Ctrl-C, which says that the run goes on and how to come back', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const before = process.listenerCount('SIGINT');
    const watching = watch(view('running'), view('running'), view('done'));
    await vi.waitFor(() => expect(process.listenerCount('SIGINT')).toBe(before + 1));
    expect(() => process.listeners('SIGINT').at(-1)?.('SIGINT')).toThrow(`exit ${LEFT}`);
    expect(exit).toHaveBeenCalledExactlyOnceWith(130);
    const { said } = await watching;
    expect(said()).toContain(
      'left; run run goes on. nas watch run comes back to it, nas cancel run ends it\n',
    );
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  it('outlasts an outage, which it says once', async () => {
    const { view: last, said } = await watch(view('running'), away(), away(), view('done'));
    expect(last.status).toBe('done');
    expect(said().match(/no answer, trying again/g)).toHaveLength(1);
    expect(said()).toContain('connected again');
  });

  it('outlasts a worker that is replaced, and says that none answers', async () => {
    const { view: last, said } = await watch(view('running'), noPoller(), noPoller(), view('done'));
    expect(last.status).toBe('done');
    expect(said()).toContain('no answer, trying again: no worker answers for run run');
    expect(said()).toContain('connected again');
    await expect(watch(noPoller())).rejects.toThrow(/no worker answers for run run.*Fix: /);
  });

  it('does not wait for a stack that was down from the beginning, nor for what is no outage', async () => {
    await expect(watch(away())).rejects.toThrow('away');
    await expect(watch(view('running'), new Error('a fault'))).rejects.toThrow('a fault');
  });
});
