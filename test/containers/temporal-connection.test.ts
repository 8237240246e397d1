import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { temporalConnection } from '../../containers/worker/temporal-connection.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { temporalForTests } from '../support/shared-servers.ts';
import { certificate, startTlsFront } from '../support/tls-front.ts';
import type { TlsFront } from '../support/tls-front.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-temporal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let front: TlsFront | undefined;
afterEach(() => front?.close());

/** Connects as the commands do and as the worker does, and asks each connection something. */
const ask = async (environment: NodeJS.ProcessEnv): Promise<void> => {
  const options = temporalConnection({ temporalAddress: front?.address ?? '' }, environment);
  const client = await Connection.connect({ ...options, connectTimeout: 5_000 });
  try {
    await client.workflowService.getSystemInfo({});
  } finally {
    await client.close();
  }
  const worker = await NativeConnection.connect(options);
  await worker.close();
};

const AUTHORITY = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificate('ca.pem') };

describe('a connection to Temporal', () => {
  it('is plain unless something else is asked for', () => {
    expect(temporalConnection({ temporalAddress: 'here:7233' }, {})).toEqual({ address: 'here:7233' });
    expect(
      temporalConnection(
        { temporalAddress: 'here:7233' },
        { TEMPORAL_ADDRESS: 'elsewhere:1', TEMPORAL_API_KEY: '' },
      ),
    ).toEqual({ address: 'here:7233' });
  });

  it('uses TLS with an API key, and is refused with another one', async () => {
    front = await startTlsFront((await temporalForTests()).address, { apiKey: 'secret' });
    await ask({ ...AUTHORITY, TEMPORAL_API_KEY: 'secret' });
    expect([...front.authorizations]).toEqual(['Bearer secret']);
    await expect(ask({ ...AUTHORITY, TEMPORAL_API_KEY: 'other' })).rejects.toThrow();
    await expect(ask(AUTHORITY)).rejects.toThrow();
  });

  it('shows a client certificate, from files or from the environment itself', async () => {
    front = await startTlsFront((await temporalForTests()).address, { clientCertificate: true });
    await ask({
      ...AUTHORITY,
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificate('client.pem'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: certificate('client.key'),
    });
    await ask({
      ...AUTHORITY,
      TEMPORAL_TLS_CLIENT_CERT_DATA: readFileSync(certificate('client.pem'), 'utf8'),
      TEMPORAL_TLS_CLIENT_KEY_DATA: readFileSync(certificate('client.key'), 'utf8'),
    });
    await expect(ask(AUTHORITY)).rejects.toThrow();
  });

  it('takes a profile that is named, and none that is not', () => {
    const file = join(folder, 'temporal.toml');
    writeFileSync(file, '[profile.cloud]\naddress = "profile:1"\napi_key = "from-profile"\n');
    const config = { temporalAddress: 'here:7233' };
    const named = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' };
    expect(temporalConnection(config, named)).toEqual({
      address: 'here:7233',
      apiKey: 'from-profile',
      tls: true,
    });
    expect(temporalConnection(config, { ...named, TEMPORAL_API_KEY: 'newer' }).apiKey).toBe('newer');
    expect(temporalConnection(config, { XDG_CONFIG_HOME: folder })).toEqual({ address: 'here:7233' });
  });

  it.each([
    ['a profile that does not exist', { TEMPORAL_PROFILE: 'nowhere' }, 'nowhere'],
    [
      'a certificate that cannot be read',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such.pem' },
      '/no/such.pem',
    ],
  ])('refuses %s', (_, environment, reason) => {
    const connect = (): unknown => temporalConnection({ temporalAddress: 'here:7233' }, environment);
    expect(connect).toThrow(InputError);
    expect(connect).toThrow(reason);
  });
});
