/**
 * Leaves out what libraries say again and again about themselves, so that what
 * tests have to say is seen.
 */

/** Yjs, about how JupyterLab makes its documents; and where there is no clipboard. */
const KNOWN = [
  'Invalid access: Add Yjs type to a document before reading data.',
  '[yjs#509] Not same Y.Doc',
  'Clipboard API not available'
];

const { warn } = console;

console.warn = (...args) => {
  if (!KNOWN.some(text => String(args[0]).includes(text))) {
    warn(...args);
  }
};
