// What the tests share: a store for a test, a user, and what an error must be.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ScimdbError, Store } from 'scimdb';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

/** A store in memory that is closed after the test. */
export async function memory(test, options) {
  const store = await Store.open(':memory:', options);
  test.after(() => store.close());
  return store;
}

/** A folder that is gone after the test. */
export function folder(test) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'scimdb-node-'));
  test.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A user, with more attributes if need be. */
export const user = (userName, more = {}) => ({ schemas: [USER], userName, ...more });

/** What checks an error: its code, and some of its other fields. */
export const failure =
  (code, fields = {}) =>
  (error) => {
    assert.ok(error instanceof ScimdbError && error instanceof Error, String(error?.stack ?? error));
    const found = Object.fromEntries(Object.keys(fields).map((name) => [name, error[name]]));
    assert.deepEqual({ code: error.code, ...found }, { code, ...fields }, error.detail);
    return true;
  };

/** Waits until something holds; the test's own timeout ends it otherwise. */
export async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** All that an iterable gives. */
export async function all(iterable) {
  const found = [];
  for await (const item of iterable) found.push(item);
  return found;
}
