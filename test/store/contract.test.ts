import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { memoryStore, openStore, type Store } from '../../agent/store/index.js';
import { type Stored, storeContract } from '../contract/store.js';
import { tempDir } from '../support/system.js';

function must(path: string, route: Parameters<typeof memoryStore>[0]): Store {
  const opened = openStore({ path, ...(route ? { route } : {}) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

storeContract({ name: 'the store in memory', open: (route) => ({ ...memoryStore(route), close: () => {} }) });

storeContract({ name: 'SQLite in memory', open: (route) => must(':memory:', route) });

const folder = tempDir();
const paths = new Map<Stored, string>();
let counter = 0;

storeContract({
  name: 'SQLite in a file',
  open(route) {
    const path = join(folder, `${++counter}.db`);
    const store = must(path, route);
    paths.set(store, path);
    return store;
  },
  reopen(stored, route) {
    const path = paths.get(stored)!;
    stored.close();
    const store = must(path, route);
    paths.set(store, path);
    return store;
  },
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));
