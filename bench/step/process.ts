import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { parseJson } from '../../nas/core/json.ts';

/** A child that answers every JSON line with one JSON line. */
export interface LineProcess {
  ask<T>(request: unknown, schema: z.ZodType<T>): Promise<T>;
  stop(): void;
}

/** @throws Error from `ask` with the child's last words when it ends before it answers. */
export const startLineProcess = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): LineProcess => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (request, schema) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${command} ${args.join(' ')} ended: ${errors.trim()}`);
      return parseJson(schema, value);
    },
    stop: () => {
      child.stdin.end();
      child.kill();
    },
  };
};
