import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { createLogUpdate } from 'log-update';
import type { LiveView } from './live-view.ts';
import { progressLayout } from './progress-layout.ts';
import type { Screen } from './progress-layout.ts';
import type { ProgressDisplay } from './progress-display.ts';

/** Of a terminal that does not tell its size. */
const UNKNOWN: Screen = { columns: 80, rows: 24 };

const sizeOf = ({ columns, rows }: NodeJS.WriteStream): Screen => ({
  // Zero is what a terminal without a size says.
  columns: columns > 0 ? columns : UNKNOWN.columns,
  rows: rows > 0 ? rows : UNKNOWN.rows,
});

/** For terminals: what fits the window, redrawn in place and anew when the window changes. */
export const createScreen = (stream: NodeJS.WriteStream): ProgressDisplay => {
  const update = createLogUpdate(stream, { defaultWidth: UNKNOWN.columns, defaultHeight: UNKNOWN.rows });
  let last: LiveView | undefined;
  let drawn: readonly string[] = [];
  let gate: string | undefined;

  const draw = (): void => {
    if (last === undefined) return;
    drawn = progressLayout(last, sizeOf(stream));
    update(drawn.join('\n'));
  };
  const resized = (): void => {
    const { columns, rows } = sizeOf(stream);
    // A narrower window has wrapped the lines that were drawn: more rows are to be cleared than lines were
    // written.
    const height = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil([...line].length / columns)), 0);
    moveCursor(stream, 0, -Math.min(height, rows - 1));
    cursorTo(stream, 0);
    clearScreenDown(stream);
    update.done();
    draw();
  };
  const say = (line: string): void => {
    update.clear();
    stream.write(`${line}\n`);
    draw();
  };
  stream.on('resize', resized);
  return {
    show: (view) => {
      last = view;
      if (view.gate !== undefined && gate === undefined) say((gate = view.gate.text));
      draw();
    },
    say,
    close: () => {
      stream.off('resize', resized);
      update.done();
    },
  };
};
