import { afterAll, describe, expect, it } from 'vitest';
import type { ProgramSpec } from '../../nas/job/program-spec.ts';
import { jobKit, tinyTraining } from './job-kit.ts';

const kit = await jobKit();
afterAll(() => kit.close());

const upTo = (...rungs: number[]): ProgramSpec => ({ ...tinyTraining(4), rungs }) as ProgramSpec;
const run = async (jobId: string, program: ProgramSpec, continues?: string): Promise<number | string> => {
  const trainer = kit.start(
    await kit.submit(jobId, program, {}, continues === undefined ? {} : { continues }),
  );
  return trainer.ended;
};

describe('a trial that goes on from another', () => {
  it('starts at its last checkpoint and ends with the result of an uninterrupted one', async () => {
    expect(await run('trial-000000', upTo(1))).toBe(0);
    expect(await run('trial-000001', upTo(1, 3), 'trial-000000')).toBe(0);
    expect(await run('whole', upTo(1, 3))).toBe(0);
    expect(await kit.result('trial-000001')).toBe(await kit.result('whole'));
    const [shorter] = await kit.attempts('trial-000000');
    const [longer] = await kit.attempts('trial-000001');
    expect(longer?.fromStep).toBe(shorter?.toStep);
    expect(longer?.fromStep).toBeGreaterThan(0);
  });

  it('says so when nothing is left of the other', async () => {
    expect(await run('trial-000002', upTo(1, 3), 'trial-000099')).toBe(64);
    const [attempt] = await kit.attempts('trial-000002');
    expect(attempt?.error).toMatch(/continues: "trial-000099"/);
  });
});

const NARROW = '{"blocks":[[[16,3]],[[32,3]]],"dense":[64]}';
const WIDE = '{"blocks":[[[32,3]],[[32,3],[32,1]]],"dense":[64]}';
const grownFrom = (parent: string | undefined, epochs: number): ProgramSpec =>
  ({
    ...tinyTraining(epochs),
    space: { name: 'eas', start: NARROW },
    genotype: parent === undefined ? NARROW : WIDE,
    ...(parent !== undefined && {
      grown: {
        genotype: NARROW,
        edits: [
          { kind: 'widen', layer: 0, width: 32 },
          { kind: 'deepen', layer: 1, kernel: 1 },
        ],
        noise: { wider: 0.01, deeper: 0.001 },
      },
    }),
  }) as ProgramSpec;

describe('a trial whose network grew out of that of another', () => {
  it(
    'starts with its weights, and ends the same when it is killed between',
    { timeout: 900_000 },
    async () => {
      const parent = 'grown/trial-000000';
      const submit = (jobId: string) =>
        kit.submit(
          jobId,
          grownFrom(parent, 3),
          { everySteps: 4, intervalSeconds: 3600 },
          { inherits: parent },
        );
      expect(await kit.start(await kit.submit(parent, grownFrom(undefined, 2))).ended).toBe(0);
      expect(await kit.start(await submit('grown/trial-000001')).ended).toBe(0);
      const again = await submit('grown/trial-000002');
      // Before its first checkpoint, when it reads the other's weights again, and when the first is written,
      // after which it does not.
      for (const step of ['2', '9'])
        expect(await kit.start(again, { NAS_DRILL_KILL_AT_STEP: step }).ended).toBe('SIGKILL');
      expect(await kit.start(again).ended).toBe(0);
      expect(await kit.result('grown/trial-000002')).toBe(await kit.result('grown/trial-000001'));
      const [first, second, third] = await kit.attempts('grown/trial-000002');
      expect([first?.fromStep, second?.fromStep]).toEqual([0, 0]);
      expect(third?.fromStep).toBeGreaterThanOrEqual(4);
      expect(JSON.parse((await kit.result('grown/trial-000001')) as string)).not.toMatchObject({
        weightsSha256: (JSON.parse((await kit.result(parent)) as string) as { weightsSha256: string })
          .weightsSha256,
      });
    },
  );

  it('says so when nothing is left of the other', async () => {
    const uri = await kit.submit(
      'grown/trial-000003',
      grownFrom('any', 3),
      {},
      { inherits: 'grown/trial-000099' },
    );
    expect(await kit.start(uri).ended).toBe(64);
    const [attempt] = await kit.attempts('grown/trial-000003');
    expect(attempt?.error).toMatch(/inherits: "grown\/trial-000099"/);
  });
});
