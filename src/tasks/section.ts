import { PanelWithToolbar } from '@jupyterlab/ui-components';

import { type ITasksOptions, TasksBody } from './body';

/**
 * The distributed tasks as a section of the sidebar.
 */
export class TasksSection extends PanelWithToolbar {
  /**
   * @param options - What the section needs
   */
  constructor(options: ITasksOptions) {
    super();
    const { trans } = options;
    this.title.label = trans.__('Tasks');
    this.addClass('jp-RewindTasksSection');
    this.toolbar.node.setAttribute('aria-label', trans.__('Tasks'));
    this.addWidget(new TasksBody(options));
  }
}
