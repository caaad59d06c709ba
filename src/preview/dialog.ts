import { Dialog, type ReactWidget } from '@jupyterlab/apputils';

import type { Preview } from './preview';

/** Place of the button that closes the dialog. */
const CLOSE = 0;

/** Place of the button that does what is shown. */
const ACCEPT = 1;

/** What a dialog with a preview needs. */
export interface IPreviewDialogOptions<T> {
  /** What something would do. */
  readonly preview: Preview<T>;
  /** Whether it can be done. */
  readonly canAccept: (value: T) => boolean;
  /** What the dialog is about. */
  readonly title: string;
  /** Shows the preview. */
  readonly body: ReactWidget;
  /** The buttons: the first one does nothing, the second one does it. */
  readonly buttons: readonly [close: Dialog.IButton, accept: Dialog.IButton];
  /** Whether the second one is the default. */
  readonly isAcceptDefault: boolean;
}

/**
 * A dialog that shows what something would do before it is done.
 */
export class PreviewDialog<T> extends Dialog<unknown> {
  /**
   * @param options - What the dialog needs
   */
  constructor(options: IPreviewDialogOptions<T>) {
    const { body, buttons, isAcceptDefault, preview, title } = options;
    body.addClass('jp-RewindDialog-body');
    const defaultButton = isAcceptDefault ? ACCEPT : CLOSE;
    super({ body, buttons, defaultButton, title });
    this._default = defaultButton;
    this._options = options;
    this.addClass('jp-RewindDialog');
    this.node.setAttribute('aria-label', title);
    preview.changed.connect(this._update, this);
    this._update();
  }

  /** Show the dialog; return whether the second button was chosen. */
  async ask(): Promise<boolean> {
    const { button } = await this.launch();
    this.dispose();
    return button.accept;
  }

  /** Go on with a button, unless it does what can't be done. */
  override resolve(index?: number): void {
    if ((index ?? this._default) !== ACCEPT || this._canAccept) {
      super.resolve(index);
    }
  }

  /** Close the dialog. */
  override dispose(): void {
    this._options.preview.changed.disconnect(this._update, this);
    super.dispose();
  }

  /** Enter in a field is no decision. */
  protected override _evtKeydown(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) {
      super._evtKeydown(event);
    }
  }

  private get _canAccept(): boolean {
    const { canAccept, preview } = this._options;
    const { isLoading, problem, value } = preview;
    return !isLoading && !problem && value !== null && canAccept(value);
  }

  /**
   * Show whether it can be done. A button that is disabled in the ordinary way
   * would lose the focus while the preview is asked for.
   */
  private _update(): void {
    this.node
      .querySelector('.jp-Dialog-button.jp-mod-accept')
      ?.setAttribute('aria-disabled', String(!this._canAccept));
  }

  private readonly _default: number;
  private readonly _options: IPreviewDialogOptions<T>;
}
