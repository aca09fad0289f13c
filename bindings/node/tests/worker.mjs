// A store of a thread's own, with hooks that run on the thread's event loop.
import { parentPort } from 'node:worker_threads';
import { Store } from 'scimdb';
import { user } from './support.mjs';

const store = await Store.open(':memory:');
store.setHooks({ beforeWrite: () => ({ title: 'worker' }) });
const { title } = await store.tenant().create('User', user('ann'));
await store.close();
parentPort.postMessage(title);
