/**
 * Finds text that can't be read: cut off, or too near to its background.
 */

import type { Page } from '@playwright/test';

/** What the extension draws. Icons and editors are not text of ours. */
export const PARTS = [
  '#jp-rewind-panel',
  '#jp-rewind-timeline',
  '.jp-RewindDialog .jp-Dialog-content',
  '.jp-RewindPackage-head',
  '.jp-RewindPackage-facts',
  '.jp-RewindPackage-cellHead',
  '.jp-RewindPackage-problem',
  '.jp-RewindStatusItem'
];

/**
 * Return a line for each visible text in the extension's parts that is cut off
 * without an ellipsis and a title, or whose contrast is less than 4.5.
 *
 * Controls that are disabled are left out, as WCAG 2.2 does (1.4.3).
 *
 * @param page - The page
 */
export function unreadable(page: Page): Promise<string[]> {
  return page.evaluate(findUnreadable, PARTS);
}

/** What runs in the page: everything that it uses is inside. */
function findUnreadable(parts: string[]): string[] {
  type Color = readonly [red: number, green: number, blue: number];
  interface IPair {
    readonly text: Color;
    readonly ground: Color;
  }
  /** How many pixels a line may be over the edge: fractions are rounded. */
  const SLACK = 1;
  const LEAST = 4.5;

  function parse(color: string): [...Color, alpha: number] {
    const numbers = (color.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    const scale = color.startsWith('color(') ? 255 : 1;
    const [red = 0, green = 0, blue = 0, alpha = 1] = numbers;
    return [red * scale, green * scale, blue * scale, alpha];
  }

  function mix(below: Color, above: Color, alpha: number): Color {
    return [0, 1, 2].map(
      place => below[place]! * (1 - alpha) + above[place]! * alpha
    ) as unknown as Color;
  }

  function luminance(color: Color): number {
    const [red, green, blue] = color.map(value => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  }

  function contrast({ ground, text }: IPair): number {
    const [one, other] = [luminance(ground), luminance(text)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  /** An element and what it lies in, the outermost first. */
  function line(element: Element): Element[] {
    const found = [];
    for (let at: Element | null = element; at; at = at.parentElement) {
      found.unshift(at);
    }
    return found;
  }

  /** What is seen of a text's colour and of what lies behind it. */
  function seen(elements: readonly Element[], color: string): IPair {
    function paint(place: number, below: Color): IPair {
      const style = getComputedStyle(elements[place]!);
      const [red, green, blue, alpha] = parse(style.backgroundColor);
      const ground = mix(below, [red, green, blue], alpha);
      const [textRed, textGreen, textBlue, textAlpha] = parse(color);
      const pair =
        place === elements.length - 1
          ? {
              ground,
              text: mix(ground, [textRed, textGreen, textBlue], textAlpha)
            }
          : paint(place + 1, ground);
      const opacity = Number(style.opacity);
      return {
        ground: mix(below, pair.ground, opacity),
        text: mix(below, pair.text, opacity)
      };
    }
    return paint(0, [255, 255, 255]);
  }

  /** Whether the whole text can be read where it points at. */
  function hasTitle(element: Element): boolean {
    return !!element.closest('[title]:not([title=""])');
  }

  /** Why a text is cut off; empty if it isn't; null: it is scrolled away. */
  function cut(elements: readonly Element[], box: DOMRect): string | null {
    let { bottom, left, right, top } = box;
    const { body } = document;
    const inside = elements.filter(element => !element.contains(body));
    for (const element of inside.reverse()) {
      const style = getComputedStyle(element);
      if (style.display === 'inline' || style.display === 'contents') {
        continue;
      }
      const edge = element.getBoundingClientRect();
      const isEllipsis = style.textOverflow === 'ellipsis';
      if (
        style.overflowX !== 'visible' &&
        (left < edge.left - SLACK || right > edge.right + SLACK)
      ) {
        const isScrolled = /auto|scroll/.test(style.overflowX);
        if (!isScrolled && !(isEllipsis && hasTitle(element))) {
          return `cut at the side by ${element.className || element.tagName}`;
        }
        left = Math.max(left, edge.left);
        right = Math.min(right, edge.right);
        if (right <= left) {
          return isScrolled ? null : 'hidden at the side';
        }
      }
      if (
        style.overflowY !== 'visible' &&
        (top < edge.top - SLACK || bottom > edge.bottom + SLACK)
      ) {
        if (!/auto|scroll/.test(style.overflowY)) {
          return `cut above or below by ${element.className || element.tagName}`;
        }
        top = Math.max(top, edge.top);
        bottom = Math.min(bottom, edge.bottom);
        if (bottom <= top) {
          return null;
        }
      }
    }
    const isOutside =
      left < -SLACK ||
      top < -SLACK ||
      right > window.innerWidth + SLACK ||
      bottom > window.innerHeight + SLACK;
    return isOutside ? 'outside of the window' : '';
  }

  function isShown(element: Element): boolean {
    return element.checkVisibility({
      checkOpacity: true,
      checkVisibilityCSS: true
    });
  }

  /** For screen readers only. */
  function isForReaders(element: Element): boolean {
    return element.closest('.jp-RewindStatusItem-announced') !== null;
  }

  const found: string[] = [];

  function judge(
    element: Element,
    text: string,
    box: DOMRect,
    color: string
  ): void {
    const elements = line(element);
    const why = cut(elements, box);
    if (why === null) {
      return;
    }
    if (why) {
      found.push(`"${text}": ${why}`);
    }
    if (!element.closest('[aria-disabled="true"], :disabled')) {
      const ratio = contrast(seen(elements, color));
      if (ratio < LEAST) {
        found.push(`"${text}": contrast ${ratio.toFixed(2)}`);
      }
    }
  }

  function judgeTexts(root: Element): void {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement!;
      const text = (node.textContent ?? '').trim();
      if (!text || !isShown(element) || isForReaders(element)) {
        continue;
      }
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        judge(element, text, box, getComputedStyle(element).color);
      }
    }
  }

  function judgePlaceholders(root: Element): void {
    const pencil = document.createElement('canvas').getContext('2d')!;
    for (const input of root.querySelectorAll('input[placeholder]')) {
      const { color } = getComputedStyle(input, '::placeholder');
      const style = getComputedStyle(input);
      pencil.font = style.font;
      const text = input.getAttribute('placeholder') ?? '';
      const box = input.getBoundingClientRect();
      const left = box.left + parseFloat(style.paddingLeft);
      const { width } = pencil.measureText(text);
      judge(input, text, new DOMRect(left, box.top, width, box.height), color);
    }
  }

  function judgeScrolling(root: Element): void {
    for (const element of root.querySelectorAll('*')) {
      const { overflowX } = getComputedStyle(element);
      if (
        /auto|scroll/.test(overflowX) &&
        element.tagName !== 'PRE' &&
        isShown(element) &&
        element.scrollWidth > element.clientWidth + SLACK
      ) {
        found.push(`${element.className}: scrolls sideways`);
      }
    }
  }

  for (const root of document.querySelectorAll(parts.join(', '))) {
    if (isShown(root)) {
      judgeTexts(root);
      judgePlaceholders(root);
      judgeScrolling(root);
    }
  }
  return [...new Set(found)];
}
