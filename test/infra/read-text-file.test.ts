import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTextFile } from '../../infra/read-text-file.ts';
import { InputError } from '../../nas/core/input-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-text-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const expected = { field: 'experiment', what: 'a YAML file', fix: 'see experiments/', limit: 1000 };
const refusal = (path: string): string => {
  try {
    readTextFile(path, expected);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('the file was accepted');
};
const TEXT = 'name: größe\nspace: x\n';

describe('a file that a person names', () => {
  it('is read as UTF-8, with or without a byte order mark', () => {
    expect(readTextFile(file('plain.yaml', TEXT), expected)).toBe(TEXT);
    expect(readTextFile(file('bom.yaml', `\ufeff${TEXT}`), expected)).toBe(TEXT);
  });

  it('may be a pipe that a shell has opened', () => {
    const pipe = join(folder, 'shell');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('sh', ['-c', `printf '%s' "$TEXT" > ${pipe}`], { env: { ...process.env, TEXT } });
    const reader = openSync(pipe, 'r');
    try {
      expect(readTextFile(`/dev/fd/${reader}`, expected)).toBe(TEXT);
    } finally {
      closeSync(reader);
      writer.kill();
    }
  });

  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  it.each<[string, Uint8Array | string, RegExp]>([
    [
      'UTF-16 with its mark',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(TEXT)]),
      /:1:1: "UTF-16".*iconv/,
    ],
    ['UTF-16 of the other order', utf16(`\ufeff${TEXT}`).swap16(), /:1:1: "UTF-16"/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /:1:1: "UTF-32".*iconv -f UTF-32/],
    ['UTF-16 without a mark', utf16(TEXT), /:1:1: "UTF-16"/],
    ['Latin-1', Buffer.from('name: a\ntitle: Größe\n', 'latin1'), /:2:10: "byte 0xf6".*LATIN1/],
    ['Latin-1 at its end', Buffer.from('name: é', 'latin1'), /:1:7: "byte 0xe9"/],
    ['Latin-1 before a letter that continues', Buffer.from([0x61, 0xe9, 0x80, 0x62]), /:1:2: "byte 0xe9"/],
    ['a lone continuation', Buffer.from([0x61, 0x0a, 0x62, 0x80]), /:2:2: "byte 0x80"/],
    ['an archive', Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0x12]), /:1:1: "byte 0x1f".*binary file/],
    ['a byte that is no text', `name: a\nb: \u0001\n`, /:2:4: "byte 0x01".*binary/],
    ['too much', 'x'.repeat(1001), /longer than 1000 bytes/],
  ])('is refused when it is %s', (name, bytes, pattern) => {
    const message = refusal(file(`${name}.yaml`, bytes));
    expect(message).toMatch(pattern);
    expect(message).toMatch(/ is not allowed\. Allowed: .+\. Fix: .+/);
  });

  it.each<[string, () => string, RegExp]>([
    ['a folder', () => folder, /this is a folder/],
    [
      'a pipe that nobody writes to',
      () => {
        execFileSync('mkfifo', [join(folder, 'pipe')]);
        return join(folder, 'pipe');
      },
      /this is a pipe/,
    ],
    ['an endless device', () => '/dev/zero', /this is a device/],
    ['not there', () => join(folder, 'nowhere.yaml'), /nowhere\.yaml".*no such file/],
    ['below a file', () => join(file('file.yaml', ''), 'below'), /cannot be read \(ENOTDIR\)/],
    ['a name that is too long', () => join(folder, 'x'.repeat(5000)), /ENAMETOOLONG/],
  ])('is refused when it is %s', (_, path, pattern) => {
    const message = refusal(path());
    expect(message).toMatch(pattern);
    expect(message.length).toBeLessThan(1000);
  });
});
