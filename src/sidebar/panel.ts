import { SidePanel } from '@jupyterlab/ui-components';
import { type Message, MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Panel, Widget } from '@lumino/widgets';

import { CellsSection } from '../cells/section';
import { rewindIcon } from '../icons';
import { StorageSection } from '../storage/section';
import { TasksModel } from '../tasks/model';
import { TasksSection } from '../tasks/section';
import { TimelineSection } from '../timeline/section';
import type { IRewindStorage, IRewindTasks } from '../tokens';
import { type IHeaderOptions, RewindHeader } from './header';

/** Where the tasks stand among the sections, while there are any. */
const TASKS_PLACE = 2;

/**
 * How cells, timeline, tasks and storage share the height. A selected
 * checkpoint takes more words; who opens the storage wants to see it.
 */
const SIZES = {
  plain: [3, 2, 3, 3],
  selected: [2, 3, 3, 3],
  storage: [1, 1, 1, 2]
};

/** What the panel needs. */
export interface IPanelOptions extends IHeaderOptions {
  /** The store. */
  readonly storage: IRewindStorage;
  /** Distributed tasks. */
  readonly tasks: IRewindTasks;
}

/**
 * The panel in the left sidebar: whether the notebook is recorded, its cells,
 * its checkpoints, its distributed tasks if it has any, and what all that takes
 * on disk.
 */
export class RewindPanel extends SidePanel {
  /**
   * @param options - What the panel needs
   */
  constructor(options: IPanelOptions) {
    super({ header: new Panel(), translator: options.translator });
    const { commands, server, sessions, storage, tasks, translator } = options;
    const trans = translator.load('jupyterlab_nbrewind');
    this._options = options;
    this.id = 'jp-rewind-panel';
    this.addClass('jp-RewindPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Rewind'));
    this.title.caption = trans.__('Rewind');
    this.title.icon = rewindIcon;
    this.header.addWidget(new RewindHeader(options));
    this.addWidget(new CellsSection({ commands, sessions, trans }));
    this._timeline = new TimelineSection({ commands, sessions, translator });
    this.addWidget(this._timeline);
    this._storage = new StorageSection({ commands, sessions, storage, trans });
    this.addWidget(this._storage);
    this._tasks = new TasksModel(tasks, sessions);
    this._tasksSection = new TasksSection({ model: this._tasks, trans });
    if (this.content instanceof AccordionPanel) {
      // Few look at the storage, and it asks the server: it waits to be opened.
      this.content.collapse(this.widgets.length - 1);
      this._share(this.content);
    }
    this._tasks.changed.connect(this._onTasks, this);
    // The sections share what the header leaves, and aren't told when it grows.
    this._observer = new ResizeObserver(() => {
      MessageLoop.postMessage(this.content, Widget.ResizeMessage.UnknownSize);
    });
    this._observer.observe(this.content.node);
    server.stateChanged.connect(this._onChanged, this);
    sessions.currentChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  /** Follow nothing more. */
  override dispose(): void {
    this._observer.disconnect();
    this._tasks.dispose();
    this._tasksSection.dispose();
    super.dispose();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._tasks.isVisible = true;
  }

  protected override onBeforeHide(msg: Message): void {
    this._tasks.isVisible = false;
    super.onBeforeHide(msg);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._tasks.isVisible = this.isVisible;
  }

  /** Show the tasks as long as there are any. */
  private _onTasks(): void {
    const { hasTasks } = this._tasks;
    const section = this._tasksSection;
    if (hasTasks !== (section.parent !== null)) {
      if (hasTasks) {
        this.insertWidget(TASKS_PLACE, section);
      } else {
        section.parent = null;
      }
      this._shareAnew();
    }
  }

  /** Without a notebook or a server there is nothing to see in the sections. */
  private _onChanged(): void {
    const { server, sessions } = this._options;
    this.content.setHidden(
      !sessions.current || server.state.kind !== 'connected'
    );
  }

  /**
   * Give the height to what the user looks at; but leave it to users as soon
   * as they choose heights themselves.
   */
  private _share(accordion: AccordionPanel): void {
    const { model } = this._timeline.body;
    const [cells, timeline] = accordion.widgets;
    let sizes = SIZES.plain;
    const set = (): void => {
      // The tasks may not be there.
      const isLeftOut = this._tasksSection.parent === null;
      accordion.setRelativeSizes(
        sizes.filter((_, place) => place !== TASKS_PLACE || !isLeftOut)
      );
    };
    const share = (): void => {
      const before = sizes;
      sizes = model.selected
        ? SIZES.selected
        : this._storage.isHidden
          ? SIZES.plain
          : SIZES.storage;
      if (sizes !== before && !cells?.isHidden && !timeline?.isHidden) {
        set();
      }
    };
    this._shareAnew = set;
    set();
    accordion.expansionToggled.connect(share);
    model.changed.connect(share);
    accordion.handleMoved.connect(() => {
      this._shareAnew = () => undefined;
      accordion.expansionToggled.disconnect(share);
      model.changed.disconnect(share);
    });
  }

  private readonly _observer: ResizeObserver;
  private readonly _options: IHeaderOptions;
  private _shareAnew: () => void = () => undefined;
  private readonly _storage: StorageSection;
  private readonly _tasks: TasksModel;
  private readonly _tasksSection: TasksSection;
  private readonly _timeline: TimelineSection;
}
