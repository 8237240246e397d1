import { describe, expect, it } from 'vitest';
import { STRATEGY_NAMES } from '../../../nas/experiment/names.ts';
import { SPACE_NAMES } from '../../../nas/space/registry.ts';
import type { RunListing } from '../../../scripts/runs/list-runs.ts';
import { checkKnown, chosenRuns, visibilityQuery } from '../../../scripts/runs/run-filter.ts';
import { timeOption } from '../../../scripts/time-option.ts';

const run = (runId: string, change: Partial<RunListing> = {}): RunListing => ({
  runId,
  experiment: 'toy',
  status: 'done',
  startedAt: '2026-11-10T00:00:00.000Z',
  ...change,
});
const runs = [
  run('darts-2', { status: 'running', startedAt: '2026-11-20T00:00:00.000Z' }),
  run('darts-1', { status: 'failed' }),
  run('a.darts-1'),
  run('enas-1', { startedAt: '2026-11-01T00:00:00.000Z' }),
];
const names = (filter: Parameters<typeof chosenRuns>[1]): string[] =>
  chosenRuns(runs, filter).map(({ runId }) => runId);

describe('the filter of a list', () => {
  it.each([
    [{}, ['darts-2', 'darts-1', 'a.darts-1', 'enas-1']],
    [{ pattern: 'darts-*' }, ['darts-2', 'darts-1']],
    [{ pattern: '?.darts-1' }, ['a.darts-1']],
    [{ pattern: 'a?darts-1' }, ['a.darts-1']],
    [{ pattern: 'darts' }, []],
    [{ state: 'failed' as const }, ['darts-1']],
    [{ since: new Date('2026-11-10T00:00:00Z') }, ['darts-2', 'darts-1', 'a.darts-1']],
    [{ pattern: '*-1', limit: 2 }, ['darts-1', 'a.darts-1']],
  ])('%j', (filter, expected) => {
    expect(names(filter)).toEqual(expected);
  });

  it('asks visibility for what every execution of a run has', () => {
    expect(visibilityQuery({ state: 'done', limit: 3 })).toBe('');
    expect(visibilityQuery({ space: 'darts-cnn', strategy: 'darts', data: 'cifar10' })).toBe(
      ' AND NasSpace = "darts-cnn" AND NasStrategy = "darts" AND NasDataset = "cifar10"',
    );
    expect(() => visibilityQuery({ data: 'x" OR NasRun != "' })).toThrow(/--data: .*letters, digits/);
  });

  it('knows the names, and suggests the nearest', () => {
    expect(SPACE_NAMES).toEqual(expect.arrayContaining(['darts-cnn', 'smash', 'pnas']));
    expect(STRATEGY_NAMES).toEqual(expect.arrayContaining(['darts', 'given', 'regularized-evolution']));
    expect(() => checkKnown('--space', 'dart-cnn', SPACE_NAMES)).toThrow('darts-cnn');
  });
});

describe('a time', () => {
  const parse = timeOption(() => Date.parse('2026-11-29T12:00:00Z'));
  it.each([
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01T08:00Z', '2026-11-01T08:00:00.000Z'],
    ['90m', '2026-11-29T10:30:00.000Z'],
    ['12h', '2026-11-29T00:00:00.000Z'],
    ['2w', '2026-11-15T12:00:00.000Z'],
  ])('%s', (text, at) => {
    expect(parse(text).toISOString()).toBe(at);
  });
  it.each(['yesterday', '', '3', '-3d', '2026-13-01', '11'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow('Allowed: a date');
  });
});
