import { Dialog } from '@jupyterlab/apputils';

/**
 * Wait until a dialog is shown and its content is drawn.
 *
 * @param text - What it must say
 */
export async function dialogShown(text = ''): Promise<Dialog<unknown>> {
  let said = '';
  for (let turn = 0; turn < 200; turn++) {
    const dialog = Dialog.tracker.currentWidget;
    said = dialog?.node.textContent ?? '';
    if (dialog && said.includes(text)) {
      await dialog.ready;
      return dialog;
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  throw new Error(`No dialog says “${text}”, but: “${said}”.`);
}
