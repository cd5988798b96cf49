import { assert } from '../../lib/assert.js';
import type { VersionedDefault } from '../contract.js';

/** The numbers of a version as vendors write it: `9.16(4)`, `7.4.7`, `v10.1.0-h3`; whatever is no number divides them. */
function numbersOf(version: string): readonly number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}

/** Less than 0 where `a` is the older one. `9.16` is older than `9.16(1)`, and of one age with `9.16(0)`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a default is in a version. Without a version nobody knows. */
export function defaultIn({ what, since }: VersionedDefault, version: string | undefined): string | undefined {
  assert(since.length > 0, `${what}: a default needs a value`);
  if (version === undefined) return undefined;
  const reached = since.filter((step, at) => at === 0 || compareVersions(step.version, version) <= 0);
  return reached.at(-1)!.value;
}

/** The defaults that are others in one version than in another, in words. */
export function changedDefaults(
  defaults: readonly VersionedDefault[],
  { from, to }: { readonly from: string; readonly to: string },
): readonly string[] {
  return defaults.flatMap((one) => {
    const [was, is] = [defaultIn(one, from), defaultIn(one, to)];
    return was === is ? [] : [`${one.what}: ${was} → ${is}`];
  });
}
