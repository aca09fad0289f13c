// Tenants, schemas, statistics, errors.
'use strict';

const { test } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { GROUP, ROOT, assertRefused, user } = require('./scim');
const { withServer } = require('./support');

const client = withServer();
const DEVICES = fs.readFileSync(path.join(ROOT, 'examples/schemas/device.json'), 'utf8');
const DEVICE = 'urn:example:params:scim:schemas:core:2.0:Device';

test('a resource type is registered while the server runs', async (t) => {
  const scim = await client(t);
  const of = { resource_type: 'Device' };
  await scim.schema('PutSchemas', { json: DEVICES });
  const { resource_types: types } = await scim.schema('ListResourceTypes');
  assert.deepEqual(types.map((type) => type.endpoint).sort(), ['/Devices', '/Groups', '/Users']);
  const { schemas } = await scim.schema('ListSchemas');
  const device = schemas.find((schema) => schema.id === DEVICE);
  assert.equal(JSON.parse(device.json).name, 'Device');

  const laptop = await scim.create({ schemas: [DEVICE], serialNumber: 'C02X', kind: 'laptop', port: 443 }, of);
  assert.equal(laptop.location, `/Devices/${laptop.id}`);
  const { resources } = await scim.search('kind eq "laptop" and port lt 1000 and not (owner pr)', of);
  assert.deepEqual(resources.map((found) => found.id), [laptop.id]);

  const remove = (name) => scim.schema('RemoveSchema', { urn_or_name: name });
  await assertRefused(remove('Device'), 'FAILED_PRECONDITION', 'IN_USE');
  await scim.delete(laptop.id, of);
  await remove('Device');
  await remove(DEVICE);
  await assertRefused(scim.search('', of), 'NOT_FOUND', 'UNKNOWN_TYPE');
});

test('tenants are apart, and have profiles of their own', async (t) => {
  const strict = await client(t);
  const entra = await client(t, { profile: 'entra' });
  const disable = [{ op: 'Replace', path: 'active', value: 'False' }];
  const [ann, same] = [await strict.create(user('ann')), await entra.create(user('ann'))];
  await assertRefused(strict.patch(ann.id, disable), 'INVALID_ARGUMENT', 'INVALID_VALUE');
  assert.equal(JSON.parse((await entra.patch(same.id, disable)).resource.json).active, false);
  await assertRefused(strict.get(same.id), 'NOT_FOUND', 'NOT_FOUND');

  await assertRefused(strict.admin('CreateTenant', { tenant: entra.tenant }), 'ALREADY_EXISTS', 'ALREADY_EXISTS');
  await strict.admin('ConfigureTenant', { tenant: entra.tenant, settings: { profile: 'strict' } });
  await assertRefused(entra.patch(same.id, disable), 'INVALID_ARGUMENT', 'INVALID_VALUE');
  const { tenants } = await strict.admin('ListTenants');
  assert.ok(tenants.includes(strict.tenant) && tenants.includes(entra.tenant));
  await strict.admin('DropTenant', { tenant: entra.tenant });
  await assertRefused(entra.search(), 'NOT_FOUND', 'UNKNOWN_TENANT');
  await assertRefused(strict.admin('DropTenant'), 'INVALID_ARGUMENT', 'INVALID_ARGUMENT');
});

test('what is there is counted', async (t) => {
  const scim = await client(t);
  const ann = await scim.create(user('ann'));
  const crew = { schemas: [GROUP], displayName: 'Crew', members: [{ value: ann.id }] };
  const { version } = await scim.create(crew, { resource_type: 'Group' });
  const { counts } = await scim.admin('TenantStats', { tenant: scim.tenant });
  assert.deepEqual([counts.name, counts.profile], [scim.tenant, 'strict']);
  assert.deepEqual([counts.memberships, counts.changes], ['1', '2']);
  const resources = Object.fromEntries(counts.resources.map((found) => [found.resource_type, found.count]));
  assert.deepEqual(resources, { User: '1', Group: '1' });
  const stats = await scim.admin('Stats');
  assert.equal(version, `W/"${stats.sequence}"`);
  assert.ok(Number(stats.file_bytes) > 0);
  assert.deepEqual(stats.tenants.find((tenant) => tenant.name === scim.tenant), counts);
});

test('a refusal says what is wrong', async (t) => {
  const scim = await client(t);
  const { id } = await scim.create(user('ann'));
  scim.metadata.set('x-request-id', 'order-66');
  for (const [call, code, reason, metadata] of [
    [
      () => scim.create(user('ANN')), 'ALREADY_EXISTS', 'UNIQUENESS',
      { scimType: 'uniqueness', status: '409', attribute: 'userName' },
    ],
    [
      () => scim.create(user('bob', { active: 'perhaps' })), 'INVALID_ARGUMENT', 'INVALID_VALUE',
      { scimType: 'invalidValue', status: '400', attribute: 'active' },
    ],
    [
      () => scim.search('title pr and userNam eq "ann"'), 'INVALID_ARGUMENT', 'INVALID_FILTER',
      { scimType: 'invalidFilter', status: '400', attribute: 'userNam', offset: '13' },
    ],
    [
      () => scim.patch(id, [{ op: 'replace', path: 'id', value: '2' }]), 'INVALID_ARGUMENT', 'MUTABILITY',
      { scimType: 'mutability', status: '400', attribute: 'id' },
    ],
    [() => scim.get('nobody'), 'NOT_FOUND', 'NOT_FOUND', { status: '404' }],
  ]) {
    const refusal = await assertRefused(call(), code, reason);
    assert.deepEqual(refusal.metadata, metadata);
    assert.deepEqual(refusal.fields, metadata.attribute ? [metadata.attribute] : []);
    assert.deepEqual([refusal.domain, refusal.requestId], ['scimdb', 'order-66']);
  }
});
