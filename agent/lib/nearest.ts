/** The known word that a misspelt one is near to: at most a third of its letters differ. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const rated = known.map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) }));
  const best = rated.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(1, Math.floor(best.one.length / 3)) ? best.one : undefined;
}

/** Letters to add, take away, exchange, or swap with their neighbour until both words are the same. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const steps = [row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === other ? 0 : 1)];
      // Of three letters the half would be swapped: that is another word.
      const isSwap = b.length > 3 && i > 0 && j > 0 && letter === b[j - 1] && other === a[i - 1];
      next.push(Math.min(...steps, ...(isSwap ? [before[j - 1]! + 1] : [])));
    }
    before = row;
    row = next;
  }
  return row.at(-1)!;
}
