import { SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Panel, SplitPanel, Widget } from '@lumino/widgets';

import { CellsSection } from '../cells/section';
import { rewindIcon } from '../icons';
import { TimelineSection } from '../timeline/section';
import { type IHeaderOptions, RewindHeader } from './header';

/** How the cells and the timeline share the height. */
const SIZES = [3, 2];

/** The same while a checkpoint is selected, which takes more words. */
const SELECTED_SIZES = [2, 3];

/**
 * The panel in the left sidebar: whether the notebook is recorded, its cells,
 * and its checkpoints.
 */
export class RewindPanel extends SidePanel {
  /**
   * @param options - What the panel needs
   */
  constructor(options: IHeaderOptions) {
    super({ header: new Panel(), translator: options.translator });
    const { commands, server, sessions, translator } = options;
    const trans = translator.load('jupyterlab_nbrewind');
    this._options = options;
    this.id = 'jp-rewind-panel';
    this.addClass('jp-RewindPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Rewind'));
    this.title.caption = trans.__('Rewind');
    this.title.icon = rewindIcon;
    this.header.addWidget(new RewindHeader(options));
    this.addWidget(new CellsSection({ commands, sessions, trans }));
    this._timeline = new TimelineSection({ commands, sessions, translator });
    this.addWidget(this._timeline);
    if (this.content instanceof SplitPanel) {
      this._share(this.content);
    }
    // The sections share what the header leaves, and aren't told when it grows.
    this._observer = new ResizeObserver(() => {
      MessageLoop.postMessage(this.content, Widget.ResizeMessage.UnknownSize);
    });
    this._observer.observe(this.content.node);
    server.stateChanged.connect(this._onChanged, this);
    sessions.currentChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  /** Follow nothing more. */
  override dispose(): void {
    this._observer.disconnect();
    super.dispose();
  }

  /** Without a notebook or a server there is nothing to see in the sections. */
  private _onChanged(): void {
    const { server, sessions } = this._options;
    this.content.setHidden(
      !sessions.current || server.state.kind !== 'connected'
    );
  }

  /**
   * Give the timeline more of the height while a checkpoint is selected; but
   * leave it to users as soon as they choose heights themselves.
   */
  private _share(split: SplitPanel): void {
    const { model } = this._timeline.body;
    let isSelected = false;
    const share = (): void => {
      if (!!model.selected !== isSelected) {
        isSelected = !!model.selected;
        if (split.widgets.every(section => !section.isHidden)) {
          split.setRelativeSizes(isSelected ? SELECTED_SIZES : SIZES);
        }
      }
    };
    split.setRelativeSizes(SIZES);
    model.changed.connect(share);
    split.handleMoved.connect(() => {
      model.changed.disconnect(share);
    });
  }

  private readonly _observer: ResizeObserver;
  private readonly _options: IHeaderOptions;
  private readonly _timeline: TimelineSection;
}
