import type { Endpoint } from './endpoint.ts';
import { clientException } from './errors.ts';
import type { Instance } from './records.ts';

interface ReclaimRequest {
  readonly jobId?: string | undefined;
  readonly instanceId?: string | undefined;
  /** Emulated seconds from the interruption notice to the host's shutdown. */
  readonly noticeSeconds?: number | undefined;
  /** Emulated seconds by which a rebalance recommendation precedes the notice; none is given when absent. */
  readonly rebalanceSeconds?: number | undefined;
}

const chosen = ({ state: { tables } }: Endpoint, { jobId, instanceId }: ReclaimRequest): Instance => {
  if (instanceId !== undefined) {
    const instance = tables.instances.get(instanceId);
    if (instance === undefined) throw clientException(`Instance ${instanceId} does not exist`);
    return instance;
  }
  if (jobId !== undefined) {
    const job = tables.jobs.get(jobId);
    if (job === undefined) throw clientException(`Job ${jobId} does not exist`);
    const instance = tables.instances.get(job.current?.instanceId ?? '');
    if (instance === undefined)
      throw clientException(
        `Job ${jobId} is ${job.status} and runs on no instance; only a running job can lose one`,
      );
    return instance;
  }
  const instance = [...tables.instances.values()].find(
    (i) => i.market === 'spot' && i.terminateAt === undefined,
  );
  if (instance === undefined)
    throw clientException('No job runs on a spot instance; nothing can be reclaimed');
  return instance;
};

/**
 * Takes a spot instance back as EC2 does: rebalance recommendation, interruption notice, then shutdown of the
 * host. Without a job or instance the oldest running one is taken. An instance already being taken back keeps
 * its dates.
 */
export const reclaim = (endpoint: Endpoint, request: ReclaimRequest): Instance => {
  const instance = chosen(endpoint, request);
  if (instance.market !== 'spot')
    throw clientException(
      `Instance ${instance.instanceId} is on-demand; only instances of a SPOT compute environment are reclaimed`,
    );
  if (instance.terminateAt !== undefined) return instance;
  const { secondMs } = endpoint.options;
  const now = Date.now();
  const tick = endpoint.clock.stamp();
  const noticeMs = (request.rebalanceSeconds ?? 0) * secondMs;
  const terminateMs = noticeMs + (request.noticeSeconds ?? 120) * secondMs;
  const reclaimed: Instance = {
    ...instance,
    ...(request.rebalanceSeconds === undefined ? {} : { rebalanceAt: now, rebalanceTick: tick }),
    noticeAt: now + noticeMs,
    noticeTick: tick + noticeMs,
    terminateAt: now + terminateMs,
    terminateTick: tick + terminateMs,
  };
  endpoint.state.change(['instances', instance.instanceId, reclaimed]);
  return reclaimed;
};

/**
 * Sets how many jobs may run at once; with `reclaimExcess`, spot jobs beyond that are taken back, newest
 * first.
 */
export const setCapacity = (
  endpoint: Endpoint,
  slots: number,
  reclaimExcess?: { readonly noticeSeconds: number },
): Instance[] => {
  const { state, scheduler } = endpoint;
  state.change(['settings', 'current', { ...scheduler.settings(), slots }]);
  scheduler.poke();
  if (reclaimExcess === undefined) return [];
  const staying = [...state.tables.instances.values()].filter((i) => i.terminateAt === undefined);
  const spot = staying.filter((i) => i.market === 'spot');
  return spot
    .slice(Math.max(0, spot.length - Math.max(0, staying.length - slots)))
    .map(({ instanceId }) => reclaim(endpoint, { instanceId, noticeSeconds: reclaimExcess.noticeSeconds }));
};
