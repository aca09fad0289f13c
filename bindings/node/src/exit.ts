// The end of the process while calls run that wait for the event loop.

import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import koffi = require('koffi');
import { callsRun } from './call';

let watched = false;
/** What nobody caught, if that is why the process ends. */
let uncaught: { error: unknown } | null = null;

/**
 * Sees to it that `process.exit` exits: Node waits for the threads of the pool, and a call there may wait for its hook,
 * which the event loop runs no more. Such calls are cut off. What was acknowledged is durable, and the rest was not.
 */
export function watchExit(): void {
  if (watched || !isMainThread || process.platform === 'win32') return;
  watched = true;
  const end = koffi.load(null).func('_exit', 'void', ['int']);
  process.on('uncaughtExceptionMonitor', (error) => {
    uncaught = { error };
    // Somebody may have caught it after all.
    setImmediate(() => {
      uncaught = null;
    });
  });
  process.on('exit', function last(code) {
    if (!callsRun()) return;
    try {
      // Node would tell of the error, and call those who listen, after this.
      if (uncaught) writeSync(process.stderr.fd, `Uncaught:\n${inspect(uncaught.error)}\n\nNode.js ${process.version}\n`);
      const listeners = process.listeners('exit');
      for (const listener of listeners.slice(listeners.indexOf(last) + 1)) listener.call(process, code);
    } finally {
      end(code);
    }
  });
}
