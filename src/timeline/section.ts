import type { ITranslator } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  launchIcon,
  PanelWithToolbar
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands';
import type { IRewindSessions } from '../tokens';
import { TimelineBody } from './body';

/**
 * The timeline as a section of the sidebar.
 */
export class TimelineSection extends PanelWithToolbar {
  /**
   * @param options - What the section needs
   */
  constructor(options: TimelineSection.IOptions) {
    super();
    const { commands, sessions, translator } = options;
    const trans = translator.load('jupyterlab_nbrewind');
    this.title.label = trans.__('Timeline');
    this.addClass('jp-RewindTimelineSection');
    this.toolbar.node.setAttribute('aria-label', trans.__('Timeline'));
    this.toolbar.addItem(
      'open',
      new CommandToolbarButton({
        commands,
        icon: launchIcon,
        id: CommandIDs.openTimeline,
        label: ''
      })
    );
    this.body = new TimelineBody({ commands, sessions, trans });
    this.addWidget(this.body);
  }

  /** The checkpoints. */
  readonly body: TimelineBody;
}

/** What belongs to the section. */
export namespace TimelineSection {
  /** What a section needs. */
  export interface IOptions {
    /** The open notebooks. */
    sessions: IRewindSessions;
    /** The application's language. */
    translator: ITranslator;
    /** What the buttons execute. */
    commands: CommandRegistry;
  }
}
