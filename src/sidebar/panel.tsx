import { ReactWidget } from '@jupyterlab/apputils';
import type { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { rewindIcon } from '../icons';
import type { IRewindServer } from '../tokens';
import { RewindBody } from './body';

/**
 * The panel in the left sidebar.
 */
export class RewindPanel extends ReactWidget {
  /**
   * @param options - What the panel needs
   */
  constructor(options: RewindPanel.IOptions) {
    super();
    const trans = options.translator.load('jupyterlab_nbrewind');
    this._server = options.server;
    this._translator = options.translator;
    this.id = 'jp-rewind-panel';
    this.addClass('jp-RewindPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Rewind'));
    this.title.caption = trans.__('Rewind');
    this.title.icon = rewindIcon;
  }

  /** Make the panel's content. */
  protected override render(): React.JSX.Element {
    return <RewindBody server={this._server} translator={this._translator} />;
  }

  private readonly _server: IRewindServer;
  private readonly _translator: ITranslator;
}

/** What belongs to the panel. */
export namespace RewindPanel {
  /** What a panel needs. */
  export interface IOptions {
    /** The connection to the server part. */
    server: IRewindServer;
    /** The application's language. */
    translator: ITranslator;
  }
}
