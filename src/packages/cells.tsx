/**
 * The notebook in a package. Whoever made it may have put anything into it, so
 * all of it is rendered as untrusted.
 */

import type * as nbformat from '@jupyterlab/nbformat';
import { OutputArea, OutputAreaModel } from '@jupyterlab/outputarea';
import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IPackage, IPackageCell } from '../api/types';
import { durationText } from '../plan/words';
import { cellOutlook } from './words';

/** How far outside the sight a cell is drawn, in pixels. */
const MARGIN = '800px';

/** What cells need. */
export interface ICellsProps {
  /** The package. */
  readonly facts: IPackage;
  /** Shows outputs and texts. */
  readonly rendermime: IRenderMimeRegistry;
  /** The application's language. */
  readonly trans: TranslationBundle;
}

/** All cells; each is rendered when it comes near to the sight. */
export function Cells(props: ICellsProps): React.JSX.Element {
  const { facts, rendermime, trans } = props;
  return (
    <ol className="jp-RewindPackage-cells">
      {facts.cells.map(cell => (
        <li key={`${facts.id} ${cell.index}`}>
          {cell.kind === 'code' && <CellHead cell={cell} trans={trans} />}
          <Rendered
            make={() => widgetsOf(cell, facts.language, rendermime)}
            text={cell.source}
          />
        </li>
      ))}
    </ol>
  );
}

/** What is known of a code cell. */
function CellHead(props: {
  cell: IPackageCell;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { cell, trans } = props;
  const { files, reads, writes } = cell;
  const about = [
    reads.length > 0 && trans.__('reads %1', shortList(reads)),
    writes.length > 0 && trans.__('makes %1', shortList(writes)),
    files.length > 0 && trans.__('files %1', shortList(files))
  ].filter(phrase => phrase !== false);
  return (
    <div className="jp-RewindPackage-cellHead">
      <strong>{trans.__('Cell %1', cell.index + 1)}</strong>
      <span
        className={cell.answers ? 'jp-mod-answers' : 'jp-mod-runs'}
        title={about.join('; ')}
      >
        {cellOutlook(cell, trans)}
      </span>
      {cell.run && (
        <span className="jp-RewindPackage-time">
          {durationText(cell.seconds, trans)}
        </span>
      )}
    </div>
  );
}

/** Return the first names of a list. */
function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length > 6 ? `${shown}, …` : shown;
}

/** What is rendered by widgets, once it is near to the sight. */
function Rendered(props: {
  make: () => Widget[];
  text: string;
}): React.JSX.Element {
  const { make, text } = props;
  const place = React.useRef<HTMLDivElement>(null);
  const [isNear, setNear] = React.useState(false);
  React.useEffect(() => {
    const node = place.current!;
    if (typeof IntersectionObserver === 'undefined') {
      setNear(true);
      return;
    }
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          setNear(true);
          observer.disconnect();
        }
      },
      // The page scrolls, not the window: margins count for the root only.
      { root: node.closest('.jp-RewindPackage'), rootMargin: MARGIN }
    );
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  React.useEffect(() => {
    if (!isNear) {
      return;
    }
    const widgets = make();
    for (const widget of widgets) {
      MessageLoop.sendMessage(widget, Widget.Msg.BeforeAttach);
      place.current!.appendChild(widget.node);
      MessageLoop.sendMessage(widget, Widget.Msg.AfterAttach);
    }
    return () => {
      for (const widget of widgets) {
        MessageLoop.sendMessage(widget, Widget.Msg.BeforeDetach);
        widget.node.remove();
        MessageLoop.sendMessage(widget, Widget.Msg.AfterDetach);
        widget.dispose();
      }
    };
    // A cell of a package never changes.
  }, [isNear]);
  return (
    <div ref={place}>
      {!isNear && <pre className="jp-RewindPackage-waiting">{text}</pre>}
    </div>
  );
}

/** Return the widgets that show a cell. */
function widgetsOf(
  cell: IPackageCell,
  language: string,
  rendermime: IRenderMimeRegistry
): Widget[] {
  switch (cell.kind) {
    case 'markdown':
      return [markdown(cell.source, rendermime)];
    case 'code':
      return [
        markdown(fenced(cell.source, language), rendermime),
        outputs(cell, rendermime)
      ];
    default:
      return [markdown(fenced(cell.source, ''), rendermime)];
  }
}

/** Render text in Markdown. */
function markdown(text: string, rendermime: IRenderMimeRegistry): Widget {
  const mime = 'text/markdown';
  const renderer = rendermime.createRenderer(mime);
  const model = new MimeModel({ data: { [mime]: text }, trusted: false });
  void renderer.renderModel(model);
  return renderer;
}

/** Render a code cell's outputs. */
function outputs(cell: IPackageCell, rendermime: IRenderMimeRegistry): Widget {
  const values = cell.outputs as unknown as nbformat.IOutput[];
  return new OutputArea({
    model: new OutputAreaModel({ values, trusted: false }),
    rendermime
  });
}

/**
 * Return code as Markdown that shows it in its colours.
 *
 * @param code - The code
 * @param language - Its language; empty for plain text
 */
export function fenced(code: string, language: string): string {
  const longest = (code.match(/`+/g) ?? []).reduce(
    (most, { length }) => Math.max(most, length),
    2
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}${/^[\w+-]*$/.test(language) ? language : ''}\n${code}\n${fence}`;
}
