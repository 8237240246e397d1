import { readStack } from '../../infra/local/stack/document.ts';
import { isServiceReady } from '../../infra/local/stack/health.ts';
import { layoutOf, stackHome } from '../../infra/local/stack/layout.ts';
import { isPortFree } from '../../infra/local/stack/ports.ts';
import { logPath, runningProcess } from '../../infra/local/stack/processes.ts';
import { openToOthers } from '../../infra/local/stack/privacy.ts';
import { SERVICES } from '../../infra/local/stack/services.ts';
import { PORT_OPTIONS } from '../../infra/local/stack/up.ts';
import type { PortName } from '../../infra/local/stack/up.ts';
import { check, Finding } from './check.ts';
import type { CheckResult } from './check.ts';

/** The processes of the embedded stack, strangers on their ports, and who may read its files. */
export const stackChecks = async (): Promise<CheckResult[]> => {
  const layout = layoutOf(stackHome());
  const stack = readStack(layout);
  if (stack === undefined) {
    return [{ name: 'embedded stack', ok: false, found: `none in ${layout.home}`, fix: 'nas up' }];
  }
  const privacy = check('privacy of the stack', 'nas up', () => {
    const open = [...openToOthers(layout)];
    if (open[0] !== undefined)
      throw new Finding(
        `${open.length} files and folders are open to other users, such as ${open[0].path}`,
        'nas up, which takes these rights away',
      );
    return `${layout.home} is yours alone`;
  });
  const services = Promise.all(
    SERVICES.map((name) =>
      check(`service ${name}`, 'nas up', async () => {
        const running = runningProcess(layout, name);
        if (running !== undefined) {
          const { pid } = running;
          if (await isServiceReady(stack, name, running)) return `process ${pid}`;
          throw new Finding(`process ${pid} does not answer`, `see ${logPath(layout, name)}, then nas up`);
        }
        for (const port of Object.keys(PORT_OPTIONS) as PortName[]) {
          const { option, service } = PORT_OPTIONS[port];
          if (service === name && !(await isPortFree(stack.ports[port]))) {
            throw new Finding(
              `not running, and another process holds its port ${stack.ports[port]}`,
              `end that process, or nas up, which takes a free port unless ${option} names one`,
            );
          }
        }
        throw new Finding('not running', 'nas up');
      }),
    ),
  );
  return [...(await services), await privacy];
};
