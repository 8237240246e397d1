/** What every program may need to know of its user and system. */
const BASICS = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|TMP|TEMP)$/;
/** What configures Node, the product, its storage, and the libraries that compute. */
const OF_JOBS =
  /^(?:NODE|NAS|AWS|LD|DYLD|MALLOC|GLIBC|TF|TENSORFLOW|XLA|ONEDNN|DNNL|OMP|KMP|GOMP|MKL|OPENBLAS|CUDA|CUDNN|NVIDIA|NCCL|XDG_CACHE)_/;
/** A job has no business with Batch. */
const NOT_OF_JOBS = new Set(['AWS_ENDPOINT_URL_BATCH']);

const chosen = (env: NodeJS.ProcessEnv, isChosen: (name: string) => boolean): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => isChosen(name)));

/**
 * The environment of a server that is not ours: none of the user's keys, and no variable that opens another
 * port.
 */
export const basicEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  chosen(env, (name) => BASICS.test(name));

/** The environment that jobs inherit: what a trainer uses, and not the tokens that lie in a user's shell. */
export const jobEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  chosen(env, (name) => (BASICS.test(name) || OF_JOBS.test(name)) && !NOT_OF_JOBS.has(name));
