import { LabIcon } from '@jupyterlab/ui-components';

import rewindSvg from '../style/icons/rewind.svg';

/** The sign of NBRewind: a clock hand turned back. */
export const rewindIcon = new LabIcon({
  name: 'jupyterlab-nbrewind:rewind',
  svgstr: rewindSvg
});
