/** For interfaces, which ask the application and never a room. */
export { coverageText } from '../judge/coverage.js';
