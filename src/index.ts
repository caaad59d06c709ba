import { serverPlugin } from './api/plugin';
import { notebookPlugin } from './notebook/plugin';
import { planPlugin } from './plan/plugin';
import { sidebarPlugin } from './sidebar/plugin';
import { statusPlugin } from './status/plugin';

export * from './tokens';

export default [
  serverPlugin,
  sidebarPlugin,
  notebookPlugin,
  planPlugin,
  statusPlugin
];
