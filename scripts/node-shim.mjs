/**
 * What every Node process of the product needs before anything else loads: the functions that tfjs-node 4.22
 * still calls and Node 23 removed, and silence about the AWS SDK's plans for Node versions (engines in
 * package.json say it).
 */
import util from 'node:util';

/** @type {Record<string, unknown>} */
const legacy = /** @type {any} */ (util);
legacy['isNullOrUndefined'] = (/** @type {unknown} */ value) => value === null || value === undefined;
legacy['isArray'] = Array.isArray;

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
