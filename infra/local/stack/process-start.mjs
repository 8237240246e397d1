import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @param {number} pid @param {string} field */
const ps = (pid, field) =>
  execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();

/**
 * Fields of `/proc/PID/stat` from the third on: the command's name is in parentheses and may hold spaces.
 * @param {number} pid
 */
const statOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/**
 * When a process started, in the kernel's own words; undefined when there is no such process. A pid alone is
 * given to a stranger after a while, or after a reboot; pid and start time together are not. Plain JavaScript
 * because set-up uses it before any package is installed.
 * @param {number} pid
 * @returns {string | undefined}
 */
export const processStart = (pid) => {
  try {
    if (process.platform !== 'linux') return ps(pid, 'lstart') || undefined;
    // State is field 3, start time field 22.
    const fields = statOf(pid);
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
};

/** Bit of SIGKILL in a mask of signals. */
const SIGKILL_BIT = 1n << 8n;
/** `PF_EXITING` of the kernel's flags of a task. */
const EXITING = 0x4;

/**
 * The state of a process by what Linux says of it.
 * @param {readonly string[]} stat fields of `/proc/PID/stat` from the third on
 * @param {string} status text of `/proc/PID/status`
 * @returns {'running' | 'paused' | 'ending' | undefined}
 */
export const stateInProc = (stat, status) => {
  const state = stat[0] ?? 'Z';
  if (state === 'Z' || state === 'X') return undefined;
  const masks = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)];
  const isKilled = masks.some(([, mask]) => (BigInt(`0x${mask}`) & SIGKILL_BIT) !== 0n);
  if (isKilled || (Number(stat[6]) & EXITING) !== 0) return 'ending';
  return state === 'T' || state === 't' ? 'paused' : 'running';
};

/**
 * What a process can be expected to do. `ending`: it was killed or exits, and the kernel is taking it down,
 * which takes a large one a good part of a second; its pid and start time are there as before, and it holds
 * its ports and locks. `paused`: by SIGSTOP. `undefined`: there is no such process.
 * @param {number} pid
 * @returns {'running' | 'paused' | 'ending' | undefined}
 */
export const processState = (pid) => {
  try {
    if (process.platform !== 'linux') {
      const state = ps(pid, 'state');
      if (state === '' || state.startsWith('Z')) return undefined;
      return state.includes('E') ? 'ending' : state.startsWith('T') ? 'paused' : 'running';
    }
    return stateInProc(statOf(pid), readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return undefined;
  }
};
