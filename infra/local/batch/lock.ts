import path from 'node:path';
import { holderOf, takeLock } from '../stack/lock.mjs';

/** The lock file of a state folder. */
export const lockFile = (dir: string): string => path.join(dir, 'lock');

/**
 * Makes sure that one process alone works on a state folder, and never waits: the lock of a process that has
 * ended counts for nothing, even when its process id is in use again, and neither does one that a crash left
 * empty or torn.
 */
export const lockFolder = (dir: string): (() => void) => {
  for (let tries = 0; tries < 3; tries++) {
    const lock = takeLock(lockFile(dir));
    if (lock.kind === 'taken') return lock.release;
    if (lock.kind === 'held')
      throw new Error(
        `${dir}: process ${lock.pid} is already serving this state folder (${holderOf(lock)}); stop it, or choose another --state`,
      );
  }
  throw new Error(`${lockFile(dir)}: the lock keeps changing hands; start one endpoint only`);
};
