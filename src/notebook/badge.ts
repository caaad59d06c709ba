import type { LabIcon } from '@jupyterlab/ui-components';

/** Class of the element at a cell. */
export const BADGE_CLASS = 'jp-RewindBadge';

/** What a badge shows. */
export interface IBadgeContent {
  /** The shape that stands for the cell's freshness. */
  readonly icon: LabIcon;
  /** A second shape; null for none. */
  readonly pin: LabIcon | null;
  /** What both say, in words. */
  readonly sentence: string;
}

/**
 * Make the element that stands at a cell. A click on it is left to bubble.
 *
 * It is a button out of the order of Tab, until its cell is the active one.
 */
export function createBadge(): HTMLButtonElement {
  const node = document.createElement('button');
  node.type = 'button';
  node.className = BADGE_CLASS;
  node.tabIndex = -1;
  // Enter and Space press the button, and don't edit or scroll.
  node.dataset.lmSuppressShortcuts = 'true';
  return node;
}

/**
 * Show something in a badge.
 *
 * @param node - The badge
 * @param content - What it shows from now on
 */
export function fillBadge(
  node: HTMLButtonElement,
  content: IBadgeContent
): void {
  const { icon, pin, sentence } = content;
  const shapes = pin ? [icon, pin] : [icon];
  const names = shapes.map(shape => shape.name).join(' ');
  if (node.dataset.shapes !== names) {
    node.dataset.shapes = names;
    node.replaceChildren(...shapes.map(drawing));
  }
  if (node.title !== sentence) {
    node.title = sentence;
    node.setAttribute('aria-label', sentence);
  }
}

/** Drawings of icons by their names: copies are faster than new ones. */
const drawings = new Map<string, HTMLElement>();

/** Return a new drawing of an icon. */
function drawing(icon: LabIcon): Node {
  let drawn = drawings.get(icon.name);
  if (!drawn) {
    drawn = icon.element({ tag: 'span' });
    drawn.setAttribute('aria-hidden', 'true');
    drawings.set(icon.name, drawn);
  }
  return drawn.cloneNode(true);
}
