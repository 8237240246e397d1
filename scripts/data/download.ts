import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { infrastructureError } from '../../nas/core/infrastructure-error.ts';

interface DownloadOptions {
  /** What to do instead; the last words of the error. */
  readonly fix: string;
  /** Seconds without a byte after which the transfer is given up. */
  readonly idleSeconds?: number;
  readonly onProgress?: (received: number, total: number | undefined) => void;
}

/** Downloads a URL to a file. Throws InfrastructureError naming the URL, the reason and the fix. */
export const download = async (url: string, to: string, options: DownloadOptions): Promise<void> => {
  const { fix, idleSeconds = 20, onProgress } = options;
  const controller = new AbortController();
  const idle = setTimeout(
    () => controller.abort(new Error(`no data for ${idleSeconds} s`)),
    1000 * idleSeconds,
  );
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    let received = 0;
    const meter = new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        idle.refresh();
        onProgress?.((received += chunk.length), total);
        next(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as ReadableStream), meter, createWriteStream(to));
  } catch (cause) {
    const reasons: string[] = [];
    for (let at: unknown = cause; at instanceof Error; at = at.cause) reasons.push(at.message);
    throw infrastructureError(`${url} could not be downloaded (${reasons.join(': ')})`, fix, { cause });
  } finally {
    clearTimeout(idle);
  }
};
