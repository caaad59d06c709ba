import { Dialog, Notification } from '@jupyterlab/apputils';

import type { IPackage } from '../api/types';
import type { PackageModel } from './model';
import type { IPageActions } from './page';
import { type IRepeatOptions, openNotebook, repeatNotebook } from './repeat';
import { signerSentence } from './words';

/**
 * Return what the user does on the page of a package.
 *
 * @param options - What that needs
 */
export function pageActions(options: IRepeatOptions): IPageActions {
  const { trans } = options;
  return {
    open: async model => {
      const path = await model.import();
      if (path) {
        await openNotebook(path, options);
      }
    },
    trust: async model => {
      const { facts } = model;
      if (
        facts &&
        (await confirmTrust(facts, options)) &&
        isSame(model, facts)
      ) {
        await model.trust();
      }
    },
    repeat: async model => {
      const path = await model.import();
      if (path && !(await repeatNotebook(path, options))) {
        Notification.info(
          trans.__(
            'The notebook opens in a page of its own: repeat it there by Run → Preview Plan….'
          ),
          { autoClose: false }
        );
      }
    }
  };
}

/** Whether it is still the package that was asked about. */
function isSame(model: PackageModel, facts: IPackage): boolean {
  return model.facts?.id === facts.id;
}

/** Ask whether a package is to be trusted. */
async function confirmTrust(
  facts: IPackage,
  { trans }: IRepeatOptions
): Promise<boolean> {
  const signed = facts.signatures.length
    ? facts.signatures.map(signer => signerSentence(signer, trans)).join(' ')
    : trans.__('Nobody has signed it.');
  const dialog = new Dialog({
    title: trans.__('Trust the package of %1?', facts.notebook),
    body: trans.__(
      'Its recorded values are used from then on, also by other notebooks of yours. To load them may run code, with all that you may do here. Trust it only if you know who made it. %1',
      signed
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Trust') })
    ],
    defaultButton: 0
  });
  dialog.addClass('jp-RewindDialog');
  const { button } = await dialog.launch();
  dialog.dispose();
  return button.accept;
}
