import type { Command } from 'commander';
import * as cancel from './commands/cancel.ts';
import * as compare from './commands/compare.ts';
import * as completion from './commands/completion.ts';
import * as data from './commands/data.ts';
import * as remove from './commands/delete.ts';
import * as deploy from './commands/deploy.ts';
import * as destroy from './commands/destroy.ts';
import * as doctor from './commands/doctor.ts';
import * as down from './commands/down.ts';
import * as edit from './commands/edit.ts';
import * as fork from './commands/fork.ts';
import * as gc from './commands/gc.ts';
import * as genotype from './commands/genotype.ts';
import * as jobs from './commands/jobs.ts';
import * as list from './commands/list.ts';
import * as logs from './commands/logs.ts';
import * as pause from './commands/pause.ts';
import * as reclaim from './commands/reclaim.ts';
import * as reconcile from './commands/reconcile.ts';
import * as report from './commands/report.ts';
import * as resume from './commands/resume.ts';
import * as retry from './commands/retry.ts';
import * as run from './commands/run.ts';
import * as schema from './commands/schema.ts';
import * as status from './commands/status.ts';
import * as transfer from './commands/transfer.ts';
import * as trials from './commands/trials.ts';
import * as up from './commands/up.ts';
import * as verifyResume from './commands/verify-resume.ts';
import * as watch from './commands/watch.ts';

/**
 * Every command, in the order of the help. A command's file imports nothing at its top but what describes the
 * command: what it does is imported when it is called, so that help, completion and messages about options
 * cost no more than that.
 */
export const COMMANDS: readonly { readonly register: (program: Command) => void }[] = [
  cancel,
  compare,
  completion,
  data,
  remove,
  deploy,
  destroy,
  doctor,
  down,
  edit,
  fork,
  gc,
  genotype,
  jobs,
  list,
  logs,
  pause,
  reclaim,
  reconcile,
  report,
  resume,
  retry,
  run,
  schema,
  status,
  transfer,
  trials,
  up,
  verifyResume,
  watch,
];
