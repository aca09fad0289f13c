// Arguments on their way in: text with its length in bytes, JSON, bytes.

/** Text and its bytes in UTF-8, or nothing. */
export type Text = readonly [string | Uint8Array | null, number];

/** What is left out. */
export const ABSENT: Text = [null, 0];

/** Text that must be there. */
export function text(value: string, what: string): Text {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string, and is ${describe(value)}`);
  if (!value.isWellFormed()) throw new TypeError(`${what} has half a surrogate pair, which UTF-8 does not have`);
  return [value, Buffer.byteLength(value)];
}

/** Text that may be left out. */
export function optional(value: string | null | undefined, what: string): Text {
  return value === undefined || value === null ? ABSENT : text(value, what);
}

/** JSON: a value of the language, or the text of one. */
export function json(value: unknown, what: string): Text {
  if (typeof value === 'string') return text(value, what);
  if (value instanceof Uint8Array) return bytes(value);
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${what} must be an object or its JSON text, and is ${describe(value)}`);
  }
  return text(JSON.stringify(value), what);
}

/** Options: an object, without what is told to this package alone. */
export function options(value: object | undefined): Text {
  if (value === undefined || value === null) return ABSENT;
  if (typeof value !== 'object') throw new TypeError(`options must be an object, and are ${describe(value)}`);
  const { signal: _, ...rest } = value as { signal?: AbortSignal };
  return text(JSON.stringify(rest), 'options');
}

/** Bytes, copied: the caller may change its own while a call runs. */
export function bytes(value: string | Uint8Array): Text {
  if (typeof value === 'string') return text(value, 'text');
  return [Buffer.from(value), value.byteLength];
}

/** A whole number that fits in so many bits. */
export function whole(value: number, bits: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`${what} must be a whole number from 0 to ${2 ** bits - 1}, and is ${describe(value)}`);
  }
  return value;
}

/** A sequence number. */
export function sequence(value: number | bigint, what: string): number | bigint {
  if (typeof value === 'bigint' ? value < 0n || value >= 1n << 64n : !Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${what} must be a sequence number, and is ${describe(value)}`);
  }
  return value;
}

function describe(value: unknown): string {
  return value === null || value === undefined || typeof value === 'number' ? String(value) : typeof value;
}
