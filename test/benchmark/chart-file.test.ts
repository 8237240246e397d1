import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkChartFile, writeChartFile } from '../../bench/tabular/chart-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-chart-'));
const at = (name: string): string => join(folder, name);

describe('the file of a chart', () => {
  it('is accepted where it can be written, and left as it was', () => {
    checkChartFile('--plot', at('new.svg'));
    expect(existsSync(at('new.svg'))).toBe(false);
    writeFileSync(at('old.svg'), '<svg/>');
    checkChartFile('--plot', at('old.svg'));
    expect(readFileSync(at('old.svg'), 'utf8')).toBe('<svg/>');
    symlinkSync(at('target.svg'), at('link.svg'));
    checkChartFile('--plot', at('link.svg'));
    writeChartFile('--plot', at('link.svg'), '<svg></svg>');
    expect(readFileSync(at('target.svg'), 'utf8')).toBe('<svg></svg>');
  });

  it.each([
    ['without a folder', 'none/a.svg', /ENOENT/],
    ['below a file', 'file.svg/a.svg', /ENOTDIR/],
    ['that is a folder', 'folder.svg', /EISDIR/],
    ['of another kind', 'a.png', /end in \.svg/],
    ['without a name', '.svg', /end in \.svg/],
  ])('is refused %s', (_, name, reason) => {
    writeFileSync(at('file.svg'), '');
    mkdirSync(at('folder.svg'), { recursive: true });
    expect(() => checkChartFile('--plot-front', at(name))).toThrow(
      new RegExp(`--plot-front: "${at(name)}".*${reason.source}`),
    );
  });

  it('is named in the error where it was lost meanwhile', () => {
    expect(() => writeChartFile('--plot', at('none/a.svg'), '')).toThrow(/--plot: .*none\/a\.svg.*ENOENT/);
  });
});
