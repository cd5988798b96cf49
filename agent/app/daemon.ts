/** The daemon of this machine, as it is reached from another process. */
export { askReload, guardClient, socketState } from '../http/index.js';
