import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { CommandArguments } from '../arguments';
import { CommandIDs } from '../commands';
import type { Attachment, IRewindSessions, RecordingMode } from '../tokens';
import { MODES } from './handshake';

/**
 * Add the command that sets the mode of the current notebook's kernel.
 *
 * @param commands - Where commands are
 * @param sessions - The sessions
 * @param palette - Where commands are found; absent in some applications
 * @param trans - The application's language
 */
export function addModeCommand(
  commands: CommandRegistry,
  sessions: IRewindSessions,
  palette: ICommandPalette | null,
  trans: TranslationBundle
): void {
  const labels: Record<RecordingMode, string> = {
    audit: trans.__('Record Runs'),
    repeat: trans.__('Record Runs, and Answer Recorded Ones'),
    off: trans.__('Record Nothing')
  };
  const wanted = (mode: unknown): RecordingMode | undefined =>
    MODES.find(known => known === mode);
  commands.addCommand(CommandIDs.setMode, {
    label: args => {
      const mode = wanted(args['mode']);
      return mode ? labels[mode] : trans.__('Set Recording Mode');
    },
    caption: trans.__('What the kernel of this notebook does with runs'),
    describedBy: { args: CommandArguments.mode },
    isEnabled: () => {
      const kind = sessions.current?.attachment.kind;
      return kind !== undefined && kind !== 'no-kernel' && kind !== 'language';
    },
    isToggled: args => modeOf(sessions.current?.attachment) === args['mode'],
    execute: async args => {
      const mode = wanted(args['mode']);
      const session = sessions.current;
      if (!mode || !session) {
        throw new Error(
          mode
            ? trans.__('No notebook is open.')
            : trans.__('There is no such mode.')
        );
      }
      await session.setMode(mode);
      commands.notifyCommandChanged(CommandIDs.setMode);
      return { mode };
    }
  });
  for (const mode of MODES) {
    palette?.addItem({
      command: CommandIDs.setMode,
      category: trans.__('Rewind'),
      args: { mode }
    });
  }
  sessions.currentChanged.connect(() => {
    commands.notifyCommandChanged(CommandIDs.setMode);
  });
}

/** Return the mode of a kernel. */
function modeOf(attachment: Attachment | undefined): RecordingMode | null {
  return attachment && 'handshake' in attachment
    ? attachment.handshake.mode
    : null;
}
