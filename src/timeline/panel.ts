import { MainAreaWidget } from '@jupyterlab/apputils';

import { rewindIcon } from '../icons';
import { type ITimelineOptions, TimelineBody } from './body';

/** The id of the timeline outside the sidebar. */
export const PANEL_ID = 'jp-rewind-timeline';

/**
 * Return the timeline as a widget of its own.
 *
 * @param options - What it needs
 */
export function createPanel(
  options: ITimelineOptions
): MainAreaWidget<TimelineBody> {
  const { trans } = options;
  const panel = new MainAreaWidget({ content: new TimelineBody(options) });
  panel.id = PANEL_ID;
  panel.title.label = trans.__('Timeline');
  panel.title.caption = trans.__('The checkpoints of the current notebook');
  panel.title.icon = rewindIcon;
  panel.title.closable = true;
  panel.toolbar.hide();
  return panel;
}
