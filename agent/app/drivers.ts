/** For interfaces, which ask the application and never a room. */
export { drivers } from '../drivers/registry.js';
