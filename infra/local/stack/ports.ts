import { createServer } from 'node:net';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';

/** Listens for a moment on loopback: the only reliable way to ask whether a port is free. */
const tryListen = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });

export const isPortFree = async (port: number): Promise<boolean> => (await tryListen(port)) !== undefined;

export const freePort = async (): Promise<number> => {
  const port = await tryListen(0);
  if (port === undefined) throw infrastructureError('no free port on 127.0.0.1', 'close some servers');
  return port;
};

/**
 * The port a server shall have: the one the user named, which must be free; else the preferred one, or any
 * free port when that is taken. `isOurs` says that the taken port is held by the very server it is meant for.
 */
export const choosePort = async (
  option: string,
  named: number | undefined,
  preferred: number,
  isOurs: boolean,
): Promise<number> => {
  const wanted = named ?? preferred;
  if (isOurs && wanted === preferred) return wanted;
  if (await isPortFree(wanted)) return wanted;
  if (named === undefined) return freePort();
  throw infrastructureError(
    `${option} ${named}: the port is in use`,
    `stop the process that listens there (ss -ltnp 'sport = :${named}'), name another port, or leave ${option} out to have a free one chosen`,
  );
};
