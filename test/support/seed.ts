/**
 * The seed of every random choice in the tests: fixed, so that a run can be repeated, and overridable with
 * ECLUSE_SEED, so that another run can look elsewhere. The test command prints it. 16 February 2016 is Béthune's
 * Tuesday.
 */
export const seed = Number(process.env.ECLUSE_SEED ?? 20160216);

/** How many times as long a search for counterexamples is as in an ordinary run; ECLUSE_SEARCH=25 looks 25 times as far. */
export const searchFactor = Math.max(1, Number(process.env.ECLUSE_SEARCH ?? 1));
