import { readFileSync } from 'node:fs';

/** Écluse's own version: what it reads by one version it may read otherwise by the next. */
export function version(): string {
  const path = new URL('../../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}
