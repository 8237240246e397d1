import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import { exitCodeOf } from '../../scripts/exit-code.ts';
import { asMachineFault } from '../../scripts/machine-fault.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-fault-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'file');
writeFileSync(file, '');

const thrownBy = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

describe('a refusal of the file system', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a full disk',
      () => writeFileSync('/dev/full', 'x'),
      /^\/home\/of: no space left on device \(ENOSPC, write\)\. Fix: free space/,
    ],
    [
      'a file where a folder is needed',
      () => mkdirSync(join(file, 'below')),
      /file\/below: .*\(ENOTDIR, mkdir\)\. Fix: move what is there/,
    ],
    ['a folder where a file is needed', () => readFileSync(folder), /\(EISDIR, read\)/],
    ['a home that is a file', () => mkdirSync(file), /\(EEXIST, mkdir\)/],
    [
      'a folder in one that is not there',
      () => mkdirSync(join(folder, 'nothing', 'below')),
      /below: no such file or directory \(ENOENT, mkdir\)\. Fix: mend the link/,
    ],
    ['too long a name', () => mkdirSync(join(folder, 'x'.repeat(300))), /\(ENAMETOOLONG, mkdir\)/],
  ])('names the path and the fix: %s', (_, work, message) => {
    const error = thrownBy(work);
    expect(exitCodeOf(error)).toBe(3);
    const told = asMachineFault(error, '/home/of');
    expect(told).toBeInstanceOf(InfrastructureError);
    expect((told as Error).message).toMatch(message);
    expect((told as Error).message).toMatch(/NAS_HOME/);
  });

  it.each(['EACCES', 'EROFS', 'EDQUOT', 'EIO', 'EMFILE', 'ESTALE'])('%s is the machine’s', (code) => {
    const message = `${code}: refused, open '/somewhere'`;
    const error = Object.assign(new Error(message), { code, syscall: 'open', path: '/somewhere' });
    expect(exitCodeOf(error)).toBe(3);
    expect((asMachineFault(error) as Error).message).toMatch(
      new RegExp(`^/somewhere: refused \\(${code}, open\\)\\. Fix: .`),
    );
  });

  it('leaves other errors as they are', () => {
    const absent = thrownBy(() => readFileSync(join(folder, 'nothing')));
    expect(asMachineFault(absent)).toBe(absent);
    const other = new TypeError('a defect');
    expect(asMachineFault(other)).toBe(other);
    expect(exitCodeOf(other)).toBe(1);
  });
});
