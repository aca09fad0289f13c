// What the library tells of itself.

import koffi = require('koffi');
import { callAsync } from './call';
import { watchExit } from './exit';
import { callbacks, native } from './native';

/** Levels of the log, from what is told least to what is told most. */
const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
/** How much something matters. */
export type LogLevel = (typeof LEVELS)[number];
/** Hears a line of the log. */
export type LogListener = (level: LogLevel, text: string) => void;

let listener: LogListener | null = null;
let registered: bigint | null = null;

function tell(_: number, level: number, text: bigint, length: number): void {
  try {
    listener?.(LEVELS[level - 1] ?? 'trace', koffi.decode.string(text, length));
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error(`a log listener threw ${String(error)}`));
  }
}

/**
 * Sends what the library tells of itself to a function, on the event loop; null: nobody. There is one for the process. It
 * must not call the store. Without one, nothing is written anywhere.
 *
 * @param level the least level that is told; default `info`
 */
export async function setLog(listen: LogListener | null, level: LogLevel = 'info'): Promise<void> {
  const number = LEVELS.indexOf(level) + 1;
  if (number === 0) throw new TypeError(`level must be one of ${LEVELS.join(', ')}`);
  if (listen === null) {
    await callAsync(native.setLog, [null, number, 0, null]);
    listener = null;
    return;
  }
  const before = listener;
  listener = listen;
  watchExit();
  registered ??= koffi.register(tell, callbacks.log);
  try {
    await callAsync(native.setLog, [registered, number, 0, null]);
  } catch (error) {
    listener = before;
    throw error;
  }
}
