import { readFileSync } from 'node:fs';
import { connect, createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/**
 * Certificates for tests, valid for a century: an authority, a server certificate for 127.0.0.1 and
 * localhost, and a client certificate. Made by `openssl req -x509` and `openssl x509 -req`.
 */
export const certificate = (
  name: 'ca.pem' | 'server.pem' | 'server.key' | 'client.pem' | 'client.key',
): string => fileURLToPath(new URL(`./certificates/${name}`, import.meta.url));

export interface TlsFront {
  /** `host:port`. */
  readonly address: string;
  /** The `authorization` header of every call so far. */
  readonly authorizations: ReadonlySet<string | undefined>;
  close(): Promise<void>;
}

/** gRPC's UNAUTHENTICATED. */
const UNAUTHENTICATED = '16';

/** Demands TLS, and a client certificate or an API key where asked to, in front of a plain gRPC server. */
export const startTlsFront = async (
  upstream: string,
  demands: { readonly clientCertificate?: boolean; readonly apiKey?: string },
): Promise<TlsFront> => {
  const authorizations = new Set<string | undefined>();
  const client = connect(`http://${upstream}`);
  const server = createSecureServer({
    key: readFileSync(certificate('server.key')),
    cert: readFileSync(certificate('server.pem')),
    ca: readFileSync(certificate('ca.pem')),
    ...(demands.clientCertificate === true ? { requestCert: true, rejectUnauthorized: true } : {}),
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, { ':authority': _authority, ':scheme': _scheme, ...headers }) => {
    authorizations.add(headers.authorization);
    stream.on('error', () => undefined);
    if (demands.apiKey !== undefined && headers.authorization !== `Bearer ${demands.apiKey}`) {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAUTHENTICATED },
        { endStream: true },
      );
      return;
    }
    const call = client.request(headers);
    let trailers: IncomingHttpHeaders = {};
    call.on('error', () => stream.close());
    call.on('trailers', (found) => (trailers = found));
    call.on('response', (answer) => {
      stream.respond(answer, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      call.pipe(stream);
    });
    stream.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    close: async () => {
      for (const session of sessions) session.destroy();
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
