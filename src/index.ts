import { serverPlugin } from './api/plugin';
import { sidebarPlugin } from './sidebar/plugin';

export * from './tokens';

export default [serverPlugin, sidebarPlugin];
