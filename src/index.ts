import { serverPlugin } from './api/plugin';
import { notebookPlugin } from './notebook/plugin';
import { packagesPlugin } from './packages/plugin';
import { planPlugin } from './plan/plugin';
import { sessionPlugin } from './session/plugin';
import { sidebarPlugin } from './sidebar/plugin';
import { statusPlugin } from './status/plugin';
import { storagePlugin } from './storage/plugin';
import { tasksPlugin } from './tasks/plugin';
import { timelinePlugin } from './timeline/plugin';

export * from './tokens';

export default [
  serverPlugin,
  sessionPlugin,
  sidebarPlugin,
  notebookPlugin,
  packagesPlugin,
  planPlugin,
  statusPlugin,
  storagePlugin,
  tasksPlugin,
  timelinePlugin
];
