import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRewindSession, ISpan } from '../tokens';

/** How many lines are offered for one sentence. */
const MOST_LINES = 3;

/** Where a cell uses names, and what leads there. */
export interface IPlaces {
  readonly cell: string;
  readonly session: IRewindSession;
  readonly spans: readonly ISpan[];
  readonly trans: TranslationBundle;
}

/** Ask where a text uses names; nothing until there is an answer. */
export function useSpans(
  session: IRewindSession,
  text: string
): readonly ISpan[] {
  const [found, setFound] = React.useState<{
    spans: readonly ISpan[];
    text: string;
  } | null>(null);
  React.useEffect(() => {
    let isGone = false;
    session.spans(text).then(
      spans => {
        if (!isGone) {
          setFound({ spans, text });
        }
      },
      // The sidebar says why there are no answers; only links are missing here.
      () => undefined
    );
    return () => {
      isGone = true;
    };
  }, [session, text]);
  return found?.text === text ? found.spans : [];
}

/** Links to the lines in which a cell uses any of some names. */
export function Lines(
  props: IPlaces & { names: readonly string[]; use: ISpan['use'] }
): React.JSX.Element | null {
  const { cell, names, session, spans, trans, use } = props;
  const lines = new Map<number, ISpan>();
  for (const span of spans) {
    if (
      span.use === use &&
      names.includes(span.name) &&
      !lines.has(span.line) &&
      lines.size < MOST_LINES
    ) {
      lines.set(span.line, span);
    }
  }
  return (
    <>
      {[...lines.values()].map(span => (
        <React.Fragment key={span.line}>
          {' '}
          <button
            className="jp-RewindCells-link jp-mod-line"
            onClick={() => session.show(cell, span)}
            title={trans.__('Show %1 in the cell', span.name)}
            type="button"
          >
            {trans.__('line %1', span.line)}
          </button>
        </React.Fragment>
      ))}
    </>
  );
}
