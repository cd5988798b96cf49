/** For interfaces, which ask the application and never a room. */
export { PROTOCOLS } from '../exposure/words.js';
