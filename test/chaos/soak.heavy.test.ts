import { describe, expect, it } from 'vitest';
import { LANES } from './faults.ts';
import { soak } from './soak.ts';

describe('a short soak with a fixed seed', () => {
  it(
    'changes, loses, doubles and leaves nothing',
    async () => {
      const lines: string[] = [];
      // Every fault once, however long the machine takes; the time limit is for one that hangs.
      const report = await soak({
        seconds: 1_800,
        rounds: 1,
        seed: 7,
        experiments: ['random-ws'],
        parallel: 2,
        log: (line) => lines.push(line),
      });
      const story = lines.join('\n');
      expect(report.broken, story).toEqual({
        changed: [],
        lost: [],
        doubled: [],
        zombieWrites: [],
        undetected: [],
        orphans: [],
        uploads: [],
      });
      // The soak would prove nothing had it hurt nobody.
      expect(Object.keys(report.injected), story).toEqual(
        expect.arrayContaining([
          ...LANES.services.filter((fault) => fault !== 'disk-full'),
          ...LANES.trainers,
        ]),
      );
      expect(report.spoiltAnswers, story).toBeGreaterThan(0);
      expect(report.attempts, story).toBeGreaterThan(report.trials);
      // Whether a killed attempt already had a checkpoint to go on from is a matter of time, so it is not
      // asked here.
      expect(report.walkedBack + report.unreadFlips, story).toBeGreaterThan(0);
    },
    60 * 60_000,
  );
});
