// Tells in which row of the table of layers somebody is: by a press on any of its cells, or by the
// keys that walk them. Streamlit itself tells of typed cells alone. The grid is a canvas; for screen
// readers it holds its cells as a table, where the selected cell says so and a row begins with its
// layer, in whatever order the rows are.
const PATIENCE = 250; // Milliseconds: a second press types, and keys walk on.
const LOOKS = 4; // The cells say late which of them is selected.
let now = null;
let waiting = 0;

export default function (component) {
  if (!now) {
    document.addEventListener("pointerup", ask, true);
    document.addEventListener("keyup", ask, true);
  }
  now = component;
}

function ask(event) {
  const table = event.target.closest?.(`.st-key-${now.data.table}`);
  if (!table) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => tell(table, LOOKS), PATIENCE);
}

function tell(table, looks) {
  const field = document.activeElement;
  if (["INPUT", "TEXTAREA"].includes(field?.tagName) && !field.disabled) return; // being typed
  const cell = table.querySelector('canvas td[aria-selected="true"]');
  const name = cell?.parentElement.querySelector('[aria-colindex="1"]')?.textContent;
  if (name && name !== now.data.chosen) now.setStateValue("picked", { name, at: Date.now() });
  else if (looks > 1) waiting = setTimeout(() => tell(table, looks - 1), PATIENCE);
}
