// Memory that the library writes its answers to: out-parameters and buffers, used again and again.

import koffi = require('koffi');
import { ScimdbError } from './error';
import { library } from './library';

const POINTER = 'void *';

const freeBuffer = library.func('scimdb_buf_free', 'void', [POINTER]);
const freeError = library.func('scimdb_error_free', 'void', [POINTER]);
const number = (name: string, type: string) => library.func(`scimdb_error_${name}`, type, [POINTER]);
const of = {
  code: number('code', 'int32_t'),
  status: number('status', 'int32_t'),
  name: number('name', 'str'),
  scimType: number('scim_type', 'str'),
  detail: number('detail', 'str'),
  attribute: number('attribute', 'str'),
  offset: number('offset', 'int64_t'),
  retriable: number('is_retriable', 'int32_t'),
  json: number('json', 'str'),
};

// The places, in words of eight bytes. A scimdb_buf is three: address, length, capacity.
const BODY = 0;
const HEADERS = 3;
const ERROR = 6;
const HANDLE = 7;
const FLAG = 8;
const WORDS = 9;
const at = (base: bigint, word: number) => base + BigInt(8 * word);

/** Scratches that are kept for later calls, and the bytes that the buffers of each may keep. */
const KEPT = 16;
const KEPT_BYTES = 1n << 20n;
const idle: Scratch[] = [];

/** The out-parameters of one call. A call that is made within another, by a hook, has one of its own. */
export class Scratch {
  readonly #base: bigint = koffi.alloc('uint64_t', WORDS);
  readonly #words = new BigUint64Array(koffi.view(this.#base, 8 * WORDS));
  /** Where an error goes. */
  readonly error = at(this.#base, ERROR);
  /** Where text goes. */
  readonly body = at(this.#base, BODY);
  /** Where the headers of an answer go. */
  readonly headers = at(this.#base, HEADERS);
  /** Where a new handle goes. */
  readonly handle = at(this.#base, HANDLE);
  /** Where a number of 32 bits goes. */
  readonly flag = at(this.#base, FLAG);

  /** A scratch that no other call uses; give it back. */
  static take(): Scratch {
    const scratch = idle.pop() ?? new Scratch();
    scratch.#words[ERROR] = 0n;
    return scratch;
  }

  constructor() {
    this.#words.fill(0n);
  }

  /** Lets other calls use it. */
  giveBack(): void {
    const keep = idle.length < KEPT;
    for (const buffer of [BODY, HEADERS]) {
      if (!keep || this.#words[buffer + 2]! > KEPT_BYTES) freeBuffer(at(this.#base, buffer));
    }
    if (keep) idle.push(this);
    else koffi.free(this.#base);
  }

  #text(word: number): string {
    const length = Number(this.#words[word + 1]);
    return length === 0 ? '' : koffi.decode.string(this.#words[word], length);
  }

  /** The text that was written. */
  readBody(): string {
    return this.#text(BODY);
  }

  /** The headers that were written. */
  readHeaders(): string {
    return this.#text(HEADERS);
  }

  /** The handle that was written. */
  readHandle(): bigint {
    return this.#words[HANDLE]!;
  }

  /** The number that was written. */
  readFlag(): number {
    return Number(BigInt.asIntN(32, this.#words[FLAG]!));
  }

  /** The error of a call that returned this code. */
  failure(code: number): ScimdbError {
    const error = this.#words[ERROR]!;
    try {
      const offset = Number(of.offset(error));
      return new ScimdbError({
        code: of.name(error) ?? `ERROR_${code}`,
        errno: code,
        status: of.status(error) || 500,
        scimType: of.scimType(error),
        detail: of.detail(error) ?? `the call failed with code ${code}`,
        attribute: of.attribute(error),
        offset: error === 0n || offset < 0 ? null : offset,
        retriable: of.retriable(error) !== 0,
        json: of.json(error) ?? '',
      });
    } finally {
      freeError(error);
    }
  }
}
