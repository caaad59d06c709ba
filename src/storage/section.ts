import { PanelWithToolbar } from '@jupyterlab/ui-components';

import { type IStorageOptions, StorageBody } from './body';

/**
 * What the store holds as a section of the sidebar.
 */
export class StorageSection extends PanelWithToolbar {
  /**
   * @param options - What the section needs
   */
  constructor(options: IStorageOptions) {
    super();
    const { trans } = options;
    this.title.label = trans.__('Storage');
    this.addClass('jp-RewindStorageSection');
    this.toolbar.node.setAttribute('aria-label', trans.__('Storage'));
    this.addWidget(new StorageBody(options));
  }
}
