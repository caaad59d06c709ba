import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { SizeField } from './size';
import { baseName } from './words';

/** How much may be held. */
export interface ILimits {
  /** By the whole store, in bytes. */
  store: number;
  /** By one notebook, in bytes; null: as much as the store. */
  notebook: number | null;
}

/**
 * Let the user say how much may be held.
 *
 * @param limits - As it is now
 * @param path - The notebook of which something is recorded; empty for none
 * @param trans - The application's language
 * @returns What is wanted; null if the user does not want a change
 */
export async function askLimits(
  limits: ILimits,
  path: string,
  trans: TranslationBundle
): Promise<ILimits | null> {
  const wanted = { ...limits };
  const title = trans.__('Storage Limits');
  const dialog = new Dialog({
    title,
    body: ReactWidget.create(
      <Limits path={path} trans={trans} wanted={wanted} />
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Set') })
    ]
  });
  dialog.node.setAttribute('aria-label', title);
  const { button } = await dialog.launch();
  return button.accept ? wanted : null;
}

/** The fields, which write into what is wanted. */
function Limits(props: {
  path: string;
  trans: TranslationBundle;
  wanted: ILimits;
}): React.JSX.Element {
  const { path, trans, wanted } = props;
  const [{ notebook, store }] = React.useState({ ...wanted });
  return (
    <div className="jp-RewindStorageDialog jp-mod-narrow">
      <SizeField
        bytes={store}
        choose={bytes => {
          wanted.store = bytes ?? store;
        }}
        label={unit => trans.__('The store may hold, in %1:', unit)}
        like={store}
      />
      {path && (
        <SizeField
          bytes={notebook}
          choose={bytes => {
            wanted.notebook = bytes;
          }}
          label={unit =>
            trans.__(
              '%1 may hold, in %2 (empty: as much as the store):',
              baseName(path),
              unit
            )
          }
          like={notebook ?? store}
        />
      )}
      <p className="jp-RewindStorageDialog-never">
        {trans.__(
          'Nothing is removed now. When more is recorded, or when you clean up, what is above a limit is evicted: first what is cheapest to make again for its size, and never what you keep.'
        )}
      </p>
    </div>
  );
}
