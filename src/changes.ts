import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** What tells when it has changed. */
interface IChanging {
  readonly changed: ISignal<unknown, unknown>;
  readonly isVisible?: boolean;
}

/**
 * Draw again when a model has changed.
 *
 * @param model - What is shown
 * @param commands - Given, it is also drawn again when one of ours has changed while the model is visible
 */
export function useChanges(model: IChanging, commands?: CommandRegistry): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const onCommand = (
      _: CommandRegistry,
      { id }: CommandRegistry.ICommandChangedArgs
    ): void => {
      if (id?.startsWith('nbrewind:') && model.isVisible) {
        draw();
      }
    };
    model.changed.connect(draw);
    commands?.commandChanged.connect(onCommand);
    // Something may have changed between the first drawing and now.
    draw();
    return () => {
      model.changed.disconnect(draw);
      commands?.commandChanged.disconnect(onCommand);
    };
  }, [commands, model]);
}
