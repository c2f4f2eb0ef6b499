// Single keys, which the reader can switch off, and which leave fields, buttons and links alone.

const OWN_SPACE = "a[href], button, summary, input, textarea, select, dialog";
const FIELDS = "input:not([type=radio], [type=checkbox]), textarea, select, dialog";

/** Call `actions[key]` when that key is pressed alone and `enabled()`. */
export function onKeys(actions, enabled) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!enabled() || !Object.hasOwn(actions, event.key)) return;
    if (target.closest(event.key === " " ? OWN_SPACE : FIELDS)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
