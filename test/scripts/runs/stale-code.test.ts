import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { treeCode } from '../../../infra/local/stack/code.ts';
import { writeStack } from '../../../infra/local/stack/document.ts';
import type { StackDocument } from '../../../infra/local/stack/document.ts';
import { layoutOf } from '../../../infra/local/stack/layout.ts';
import { describeStaleCode } from '../../../scripts/runs/stale-code.ts';

const home = mkdtempSync(join(tmpdir(), 'nas-stale-code-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What is said of a stack that runs this code. */
const said = (code: string | undefined): string | undefined => {
  const stack: StackDocument = {
    version: 1,
    ports: { temporal: 1, temporalUi: 2, s3: 3, batch: 4 },
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    slots: 1,
    config: {
      ...{ region: 'us-east-1', bucket: 'nas', queue: 'nas-spot', jobDefinition: 'nas-trainer' },
      ...{ temporalAddress: '127.0.0.1:1', temporalNamespace: 'default', taskQueue: 'nas' },
    },
    ...(code === undefined ? {} : { code }),
  };
  writeStack(layoutOf(home), stack);
  return describeStaleCode({ embedded: { home, batch: '', temporalUi: '' } });
};

describe('a run that starts', () => {
  it('is told when the stack runs other code than this tree has, and what takes this over', () => {
    expect(said('0123456789abcdef')).toBe(
      `the stack runs other code (0123456789abcdef) than this tree's (${treeCode()}), and so do the runs that start now. ` +
        "Fix: nas up takes this tree's over",
    );
  });

  it('is told nothing when it runs the same, or no code of a tree', () => {
    expect(said(treeCode())).toBeUndefined();
    expect(said(undefined)).toBeUndefined();
    expect(describeStaleCode({})).toBeUndefined();
  });
});
