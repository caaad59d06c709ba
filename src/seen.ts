import { ReactWidget } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';

/** A model that works only while somebody looks. */
export interface ISeenModel extends IDisposable {
  /** Whether somebody looks. */
  isVisible: boolean;
}

/** A widget that tells its model whether it is in sight, and disposes of it. */
export abstract class SeenBody<T extends ISeenModel> extends ReactWidget {
  /**
   * @param model - What is shown
   */
  constructor(readonly model: T) {
    super();
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.model.isVisible = this.isVisible;
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.model.isVisible = this.isVisible;
  }

  protected override onBeforeHide(msg: Message): void {
    this.model.isVisible = false;
    super.onBeforeHide(msg);
  }

  protected override onBeforeDetach(msg: Message): void {
    this.model.isVisible = false;
    super.onBeforeDetach(msg);
  }
}
