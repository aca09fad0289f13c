// A server for a file of tests, and a client of an empty tenant for each of them.
'use strict';

const { after, before } = require('node:test');
const assert = require('node:assert/strict');
const { serve, temporaryFolder } = require('./process');
const { Scim } = require('./scim');

// Starts a server before the tests of a file; gives what makes a client for a test.
function withServer() {
  let server;
  let tenants = 0;
  const cleanups = [];
  const file = { after: (cleanup) => cleanups.unshift(cleanup) };
  before(async () => {
    server = await serve(file, temporaryFolder(file));
  });
  after(async () => {
    const exit = await server?.stop();
    for (const cleanup of cleanups) await cleanup();
    assert.equal(exit, 0);
  });
  return async (test, settings) => {
    tenants += 1;
    const scim = new Scim(server.address, { tenant: `tenant-${tenants}` });
    test.after(() => scim.close());
    await scim.admin('CreateTenant', { tenant: scim.tenant, settings });
    return scim;
  };
}

module.exports = { withServer };
