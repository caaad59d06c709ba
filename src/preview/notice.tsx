import * as React from 'react';

import { attentionIcon } from '../icons';

/** Something to look at before going on. */
export function Notice(props: { text: string }): React.JSX.Element {
  return (
    <p className="jp-RewindPlan-notice">
      <attentionIcon.react tag="span" />
      <span>{props.text}</span>
    </p>
  );
}
