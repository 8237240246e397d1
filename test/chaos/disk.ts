import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** A small file system of its own below a folder, which can be filled up without harming anybody else. */
export interface SmallDisk {
  /** Takes all that is free; answers how many bytes that were. */
  fill(): number;
  free(): void;
  unmount(): void;
}

const BALLAST = '.ballast';

/** Mounts one of `megabytes`; `undefined` where this user may not mount. */
export const smallDisk = (folder: string, megabytes: number): SmallDisk | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'nas-chaos', folder], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  const ballast = join(folder, BALLAST);
  return {
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      const bytes = bavail * bsize;
      if (bytes > 0) execFileSync('fallocate', ['-l', String(bytes), ballast], { stdio: 'ignore' });
      return bytes;
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => {
      rmSync(ballast, { force: true });
      // Processes that still hold a file of it keep it until they end.
      execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
    },
  };
};
