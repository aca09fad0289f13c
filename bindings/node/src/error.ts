// Errors: one class for all that the store answers.

/** The name of an error, as the table of the library has it. A later library may know more. */
export type ErrorCode =
  | 'INVALID_FILTER'
  | 'INVALID_SYNTAX'
  | 'INVALID_PATH'
  | 'INVALID_VALUE'
  | 'NO_TARGET'
  | 'MUTABILITY'
  | 'UNIQUENESS'
  | 'TOO_MANY'
  | 'INVALID_VERSION'
  | 'SENSITIVE'
  | 'INVALID_CURSOR'
  | 'EXPIRED_CURSOR'
  | 'INVALID_COUNT'
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'UNKNOWN_TENANT'
  | 'UNKNOWN_TYPE'
  | 'ALREADY_EXISTS'
  | 'VERSION_MISMATCH'
  | 'NOT_MODIFIED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'PAYLOAD_TOO_LARGE'
  | 'IN_USE'
  | 'NOT_IMPLEMENTED'
  | 'OUT_OF_RANGE'
  | 'METHOD_NOT_ALLOWED'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'TOO_MANY_REQUESTS'
  | 'MISUSE'
  | 'LOCKED'
  | 'UNAVAILABLE'
  | 'IO'
  | 'DISK_FULL'
  | 'UNKNOWN_FORMAT'
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'CORRUPT'
  | 'INTERNAL'
  | 'PANIC'
  | 'POISONED'
  | (string & {});

/** What an error is made of. */
export interface ErrorFields {
  code: ErrorCode;
  errno: number;
  status: number;
  scimType: string | null;
  detail: string;
  attribute: string | null;
  offset: number | null;
  retriable: boolean;
  json: string;
}

/**
 * What the store answers when it does not do what it was asked for.
 *
 * An argument of a type that JavaScript should not have passed (a number where text belongs) is a `TypeError`, and an
 * aborted call rejects with the reason of its signal. Everything else is one of these.
 */
export class ScimdbError extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ScimdbError', writable: true, configurable: true });
  }

  /** The error's name, `NOT_FOUND` say. */
  readonly code: ErrorCode;
  /** The error's number in the C ABI. */
  readonly errno: number;
  /** The HTTP status that tells it (RFC 7644 section 3.12). */
  readonly status: number;
  /** The `scimType` (RFC 7644 table 9), where there is one. */
  readonly scimType: string | null;
  /** What is wrong, and how to mend it; the message is the same text. */
  readonly detail: string;
  /** The path of the attribute that is to blame, if one is. */
  readonly attribute: string | null;
  /** The byte of the filter, the path or the JSON that is to blame, counted from 0, if one is. */
  readonly offset: number | null;
  /** Whether the same call may succeed later. */
  readonly retriable: boolean;
  /** The whole as an Error message of SCIM (RFC 7644 section 3.12). */
  readonly json: string;

  constructor(fields: ErrorFields) {
    super(fields.detail);
    this.code = fields.code;
    this.errno = fields.errno;
    this.status = fields.status;
    this.scimType = fields.scimType;
    this.detail = fields.detail;
    this.attribute = fields.attribute;
    this.offset = fields.offset;
    this.retriable = fields.retriable;
    this.json = fields.json;
  }
}

/** An error that this package finds before the library does. */
function own(code: ErrorCode, errno: number, status: number, retriable: boolean, detail: string): ScimdbError {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error'];
  const json = JSON.stringify({ schemas, status: String(status), detail });
  return new ScimdbError({ code, errno, status, scimType: null, detail, attribute: null, offset: null, retriable, json });
}

/** What a function answers that tells no more than a code. */
export function failed(code: number): ScimdbError {
  if (code === 35) return misuse('the store is closed, or the call is made within one of its callbacks');
  return own(`ERROR_${code}`, code, 500, false, `the call failed with code ${code}`);
}

/** The call itself is wrong. */
export function misuse(detail: string): ScimdbError {
  return own('MISUSE', 35, 400, false, detail);
}

/** The call was ended by `interrupt`. */
export function cancelled(): ScimdbError {
  return own('CANCELLED', 45, 408, true, 'the call was interrupted');
}

/**
 * Thrown by a before-write hook, it refuses the write: whoever writes gets an error with this status, scimType and
 * detail. Any other error that a hook throws refuses it as a failure of ours, 500.
 */
export class Refusal extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'Refusal', writable: true, configurable: true });
  }

  /** The HTTP status. */
  readonly status: number;
  /** The `scimType` (RFC 7644 table 9), or null. */
  readonly scimType: string | null;

  /**
   * @param detail what is wrong, for whoever wrote
   * @param options status: 400 if it is left out; scimType: `invalidValue` if both are left out
   */
  constructor(detail: string, options: { status?: number; scimType?: string | null } = {}) {
    super(detail);
    this.status = options.status ?? 400;
    this.scimType = options.scimType !== undefined ? options.scimType : options.status === undefined ? 'invalidValue' : null;
  }
}
