/**
 * This page's name among all pages that talk to the server.
 */

/** Where it is kept, so that a page owns its plans after a reload. */
const KEY = 'jupyterlab-nbrewind:owner';

let name = '';

/** Return the name of this page, as a plan's owner: the same after a reload. */
export function pageName(): string {
  if (name) {
    return name;
  }
  try {
    name = sessionStorage.getItem(KEY) ?? '';
    if (!name) {
      name = make();
      sessionStorage.setItem(KEY, name);
    }
  } catch {
    // The browser keeps nothing: a new name after a reload.
    name = make();
  }
  return name;
}

function make(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
