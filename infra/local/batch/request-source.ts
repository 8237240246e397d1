import type { IncomingMessage } from 'node:http';
import { BatchError, clientException } from './errors.ts';

/**
 * This machine, by every name that a client on it may use. A page that had its name rebound to it sends its
 * own.
 */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
/** What AWS's SDKs and command line send; a page may send none of these without asking the server first. */
const CONTENT_TYPE = /^application\/(?:json|x-amz-json-1\.[01])\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

const denied = (message: string): BatchError => new BatchError('AccessDeniedException', 403, message);

/**
 * Refuses what no AWS client on this machine sends but a web page would: a foreign Host (DNS rebinding), an
 * Origin (cross-site requests), and a Host given twice.
 */
export const refuseForeign = (request: IncomingMessage): void => {
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  const host = request.headers.host ?? '';
  if (hosts.length !== 1 || !LOOPBACK.test(host))
    throw denied(`Host ${JSON.stringify(host)} is not this endpoint; allowed: 127.0.0.1, localhost, [::1]`);
  if (request.headers.origin !== undefined) throw denied('requests of web pages (Origin) are not served');
};

/** Refuses bodies that are not declared to be JSON, and encodings that no AWS client uses here. */
export const refuseContentType = (request: IncomingMessage): void => {
  const type = request.headers['content-type'];
  const isBodyless = request.method === 'GET' || request.method === 'DELETE';
  if (type === undefined ? !isBodyless : !CONTENT_TYPE.test(type))
    throw new BatchError(
      'UnsupportedMediaTypeException',
      415,
      `Content-Type ${JSON.stringify(type ?? null)}; allowed: application/json, application/x-amz-json-1.0, application/x-amz-json-1.1`,
    );
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new BatchError('UnsupportedMediaTypeException', 415, `Content-Encoding ${encoding}; allowed: none`);
};

/**
 * The request's target on this endpoint. Only plain paths have one meaning for the signature and for the
 * route, so others are refused: absolute forms, `//`, `.` and `..`, back slashes, broken percent signs.
 */
export const targetOf = (request: IncomingMessage, base: string): URL => {
  const sent = request.url ?? '/';
  const [path = ''] = sent.split('?');
  const refusal = clientException(`${JSON.stringify(sent.slice(0, 200))} is not a plain path`);
  if (!path.startsWith('/') || path.includes('//') || /[\\#\s]/.test(sent)) throw refusal;
  let target: URL;
  try {
    target = new URL(sent, base);
    decodeURIComponent(path);
  } catch {
    throw refusal;
  }
  if (target.pathname !== path) throw refusal;
  return target;
};
