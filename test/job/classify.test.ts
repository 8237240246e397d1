import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANCEL_REASON, classifyAttempt, wasReclaimed } from '../../nas/job/classify.ts';
import type { AttemptEnd } from '../../nas/job/classify.ts';
import { EXIT_CODES, OUTCOMES, OUTCOME_RULES } from '../../nas/job/outcome.ts';
import type { Outcome } from '../../nas/job/outcome.ts';
import { outcomeOfStatus, runnableReason, saysNothing } from '../../nas/job/platform-sentences.ts';
import { relaunchAfter } from '../../nas/job/relaunch.ts';
import sentences from './batch-sentences.json' with { type: 'json' };

/** Words from which a reader in haste would conclude something. */
const WORDS = ['timed out', 'OutOfMemory', 'terminated', 'cancelled', 'AccessDenied', 'not found', 'error'];

const EXITED = 'Essential container in task exited';

describe('classifyAttempt', () => {
  const cases: [string, AttemptEnd, Outcome][] = [
    ['exit 0', { exitCode: 0, statusReason: EXITED }, 'succeeded'],
    ['a reclaimed host', { statusReason: 'Host EC2 (instance i-0abc) terminated.' }, 'preempted'],
    ['a reclaimed host after the typed exit', { exitCode: 75, statusReason: EXITED }, 'preempted'],
    [
      'a host that went while the process ended cleanly with an error',
      { exitCode: 66, statusReason: 'Host EC2 (instance i-0abc) terminated.' },
      'preempted',
    ],
    [
      "the container's memory limit",
      {
        exitCode: 137,
        statusReason: EXITED,
        containerReason: 'OutOfMemoryError: Container killed due to memory usage',
      },
      'out-of-memory',
    ],
    ['memory seen by the process itself', { exitCode: 67, statusReason: EXITED }, 'out-of-memory'],
    ['a loss that is not a number', { exitCode: 66, statusReason: EXITED }, 'diverged'],
    ['a network that cannot be built', { exitCode: 65, statusReason: EXITED }, 'invalid-architecture'],
    ['wrong input', { exitCode: 64, statusReason: EXITED }, 'user-error'],
    ['storage that was away', { exitCode: 70, statusReason: EXITED }, 'lost'],
    ['an attempt that a newer one fenced', { exitCode: EXIT_CODES.fenced, statusReason: EXITED }, 'lost'],
    [
      'an image that is not there',
      { statusReason: 'Task failed to start', containerReason: 'CannotPullContainerError: not found' },
      'image-error',
    ],
    [
      'a job that no machine of its queue could hold',
      { statusReason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - more GPUs than any machine has' },
      'user-error',
    ],
    ['a time limit', { exitCode: 137, statusReason: 'Job attempt duration exceeded timeout' }, 'timed-out'],
    [
      'a cancelled run',
      { exitCode: 75, statusReason: `${CANCEL_REASON}: its run was cancelled` },
      'cancelled',
    ],
    [
      'a queue that gave up waiting for machines',
      { statusReason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - not enough capacity' },
      'no-capacity',
    ],
    ['a kill that nobody explains', { exitCode: 137, statusReason: EXITED }, 'lost'],
    ['a bad address', { exitCode: 139, statusReason: EXITED }, 'crashed'],
    [
      'last words before a crash',
      { exitCode: 134, statusReason: EXITED, lastWords: 'preempted' },
      'preempted',
    ],
    ['a crash after the last word', { exitCode: 134, lastWords: 'succeeded' }, 'crashed'],
    ['no exit code at all', { statusReason: EXITED }, 'lost'],
    ['last words before a kill', { exitCode: 137, lastWords: 'diverged' }, 'diverged'],
    ['last words of success without an exit', { lastWords: 'succeeded' }, 'lost'],
    ['an exit that no code names: a bug', { exitCode: 1, statusReason: EXITED }, 'user-error'],
    ['nothing known', {}, 'lost'],
  ];
  it.each(cases)('%s', (_, end, outcome) => expect(classifyAttempt(end)).toBe(outcome));

  it.each(sentences.map((row) => [row.outcome, row.statusReason, row.containerReason ?? '', row] as const))(
    '%s: %s %s',
    (outcome, _status, _container, row) => {
      expect(classifyAttempt(row), row.source).toBe(outcome);
    },
  );

  // amazon-ecs-agent, agent/dockerclient/dockerapi/errors.go, agent/engine/errors.go: `ErrorName()`.
  it.each([
    ...['ContainerVanishedError', 'DockerStateError', 'DockerTimeoutError', 'ImpossibleStateTransitionError'],
    ...['ENIInformationError', 'NetworkNamespaceError', 'NoSuchContainerError'],
    'TaskStoppedBeforePullBeginError',
    ...[
      'CannotCreateContainer',
      'CannotCreateContainerExec',
      'CannotCreateVolume',
      'CannotDescribeContainer',
    ],
    ...['CannotGetContainerTop', 'CannotGetDockerclient', 'CannotInspectContainer', 'CannotInspectVolume'],
    ...['CannotInspectContainerExec', 'CannotListContainers', 'CannotListImages', 'CannotListPlugins'],
    ...[
      'CannotPullContainer',
      'CannotPullContainerAuth',
      'CannotPullECRContainer',
      'CannotPullImageManifest',
    ],
    ...['CannotRemoveContainer', 'CannotRemoveVolume', 'CannotStartContainer', 'CannotStartContainerExec'],
    'CannotStopContainer',
  ])('takes what the container agent fails at for infrastructure: %s', (name) => {
    const containerReason = `${name.endsWith('Error') ? name : `${name}Error`}: timed out; out of memory`;
    for (const exitCode of [undefined, 1, 137])
      expect(classifyAttempt({ statusReason: EXITED, containerReason, exitCode })).toBe('lost');
  });

  it('takes a sentence that nobody knows for no mistake and no cancellation, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom(...WORDS).map((word) => `AWS says ${word} today`),
        ),
        fc.constantFrom(undefined, 1, 2, 126, 127),
        fc.constantFrom(undefined, false),
        (statusReason, exitCode, ended) => {
          fc.pre(outcomeOfStatus(statusReason) === undefined && !saysNothing(statusReason));
          expect(classifyAttempt({ statusReason, exitCode, ended })).toBe('lost');
        },
      ),
    );
  });

  it('launches again what is infrastructure, and learns from none of it', () => {
    const lost = sentences.filter(({ outcome }) => outcome === 'lost');
    expect(lost.length).toBeGreaterThan(20);
    expect(relaunchAfter([], 'lost')).toBeDefined();
    expect(OUTCOME_RULES.lost.teaches).toBe('nothing');
  });

  it.each([
    ['UNDETERMINED - Batch job is blocked, root cause is undetermined.', 'UNDETERMINED'],
    [
      'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS – Batch service role has a permission issue.',
      'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS',
    ],
    ['CAPACITY:NEW_CODE - whatever', 'CAPACITY:NEW_CODE'],
    ['CAPACITYX - whatever', undefined],
    ['Essential container in task exited', undefined],
    ['UNDETERMINED?', undefined],
  ])('knows why a job waits: %s', (statusReason, code) =>
    expect(runnableReason(statusReason)?.code).toBe(code),
  );

  it('has a case for every outcome', () => {
    expect(new Set(cases.map(([, , outcome]) => outcome))).toEqual(new Set(OUTCOMES));
  });

  it('counts reclaims only', () => {
    expect(wasReclaimed({ exitCode: 75, statusReason: EXITED })).toBe(true);
    expect(wasReclaimed({ exitCode: 75, statusReason: CANCEL_REASON })).toBe(false);
    expect(wasReclaimed({ exitCode: 137, statusReason: EXITED })).toBe(false);
  });
});

describe('docs/outcomes.md', () => {
  const rows = readFileSync(new URL('../../docs/outcomes.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, outcome = '', , again = '', learns = ''] = line.split('|').map((cell) => cell.trim());
      return /^`[a-z-]+`$/.test(outcome) ? [[outcome.slice(1, -1), again, learns] as const] : [];
    });

  it('has every outcome with its rule', () => {
    expect(rows.map(([outcome]) => outcome).sort()).toEqual([...OUTCOMES].sort());
    for (const outcome of OUTCOMES) {
      const { retries, teaches } = OUTCOME_RULES[outcome];
      const [, again, learns] = rows.find(([name]) => name === outcome) ?? [];
      expect(again?.split(' ')[0], outcome).toBe(retries === 0 ? 'never' : `${retries}`);
      expect(learns, outcome).toBe(teaches === 'score' ? 'the score' : teaches);
    }
  });
});

describe('relaunchAfter', () => {
  it('gives each outcome its own budget', () => {
    const retries = OUTCOME_RULES.lost.retries;
    const before = Array.from({ length: retries - 1 }, () => 'lost' as const);
    expect(relaunchAfter(before, 'lost')).toBeDefined();
    expect(relaunchAfter([...before, 'lost'], 'lost')).toBeUndefined();
    expect(relaunchAfter([...before, 'lost'], 'no-capacity')).toBeDefined();
  });

  it.each(OUTCOMES.filter((o) => OUTCOME_RULES[o].retryOwner === 'nobody'))('never repeats %s', (outcome) =>
    expect(relaunchAfter([], outcome)).toBeUndefined(),
  );

  it('launches a crashed job again, but neither for ever nor thrice for one place', () => {
    const places = (...names: string[]) => names;
    expect(relaunchAfter([], 'crashed', places('run train'))).toBeDefined();
    expect(relaunchAfter(['crashed'], 'crashed', places('run train', 'run train'))).toBeDefined();
    expect(relaunchAfter(['crashed', 'crashed'], 'crashed', places('a', 'a', 'a'))).toBeUndefined();
    expect(relaunchAfter(['crashed', 'crashed'], 'crashed', places('a', 'b', 'a'))).toBeDefined();
    expect(
      relaunchAfter(['crashed', 'lost', 'crashed', 'crashed', 'crashed'], 'crashed', places(...'abcde')),
    ).toBeUndefined();
  });

  it('waits longer each time, five minutes at most', () => {
    const waits = [0, 1, 2, 50].map(
      (n) =>
        relaunchAfter(
          Array.from({ length: n }, () => 'no-capacity' as const),
          'no-capacity',
        )?.afterSeconds ?? 0,
    );
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBe(300);
  });
});
