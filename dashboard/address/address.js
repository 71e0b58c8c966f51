// Keeps the address of the page equal to what is on it. Browsers allow some hundred changes in
// half a minute: a drag changes the plan more often, so the last one counts.
const WAIT = 300;
let timer = null;

export default function (component) {
  const { query } = component.data;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const wanted = new URL(window.location.href);
    wanted.search = query;
    if (wanted.href !== window.location.href) {
      window.history.replaceState(window.history.state, "", wanted);
    }
  }, WAIT);
}
