/**
 * The seed of every random choice in the tests: fixed, so that a run can be repeated, and overridable with
 * ECLUSE_SEED, so that another run can look elsewhere. The test command prints it. 16 February 2016 is Béthune's
 * Tuesday.
 */
export const seed = Number(process.env.ECLUSE_SEED ?? 20160216);
