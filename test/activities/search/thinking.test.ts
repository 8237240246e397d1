import { describe, expect, it } from 'vitest';
import { createThinking } from '../../../activities/search/thinking.ts';
import { trialEventSchema } from '../../../nas/search/trial-log.ts';
import type { TrialEvent } from '../../../nas/search/trial-log.ts';

const asked: TrialEvent = { kind: 'asked', trials: [] };
const told: TrialEvent = { kind: 'told', trial: { id: 't-000000', end: { kind: 'score', value: 1 } } };

describe('how long a strategy thinks', () => {
  it('is said by the last question, in whole seconds, and added up by the next worker', () => {
    const thinking = createThinking();
    const log = [
      ...thinking.add([asked, told], 0.7),
      ...thinking.add([told], 1.1),
      ...thinking.add([asked, told, asked, told], 0.9),
    ];
    expect(log.slice(0, 3)).toEqual([asked, told, told]);
    expect(log.slice(3)).toEqual([asked, told, { ...asked, seconds: 2 }, told]);
    expect(thinking.seconds()).toBeCloseTo(2.7, 9);
    expect(log.map((event) => trialEventSchema.parse(event))).toEqual(log);
    const next = createThinking();
    next.replay(log);
    expect(next.seconds()).toBe(2);
    expect(next.add([asked], 1.5)).toEqual([{ ...asked, seconds: 1 }]);
    expect(next.seconds()).toBeCloseTo(3.5, 9);
  });
});
