import { PanelWithToolbar } from '@jupyterlab/ui-components';

import { CellsBody, type ICellsOptions } from './body';

/**
 * The cells as a section of the sidebar.
 */
export class CellsSection extends PanelWithToolbar {
  /**
   * @param options - What the section needs
   */
  constructor(options: ICellsOptions) {
    super();
    const { trans } = options;
    this.title.label = trans.__('Cells');
    this.addClass('jp-RewindCellsSection');
    this.toolbar.node.setAttribute('aria-label', trans.__('Cells'));
    this.addWidget(new CellsBody(options));
  }
}
