// Keys walk the tour: what presenters' clickers send as well.
const STEPS = {
  ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1,
  ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1, Home: "first", End: "last", Escape: "leave",
};

export default function (component) {
  const { setTriggerValue } = component;
  const press = (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setTriggerValue("key", STEPS[event.key]);
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
