// Signals that many calls may have: each gets one listener, since Node warns of more than ten.

interface Heard {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const heard = new WeakMap<AbortSignal, Heard>();

/** Calls a function once the signal is aborted, unless what it gives back was called before. */
export function onAbort(signal: AbortSignal | undefined, call: () => void): () => void {
  if (!signal) return () => undefined;
  let known = heard.get(signal);
  if (!known) {
    const calls = new Set<() => void>();
    const listener = () => {
      for (const each of calls) each();
    };
    known = { calls, listener };
    heard.set(signal, known);
    signal.addEventListener('abort', listener);
  }
  const { calls, listener } = known;
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0 || heard.get(signal)?.calls !== calls) return;
    heard.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}
