// The plan in one line. Its sizes follow every frame of a stroke, as the painter counts them; what
// is predicted fades meanwhile and comes back with the server's answer.
const lines = new WeakMap();

// Says that this stands, once it is drawn, where the server waits for that: shared/wait_until_drawn.py.
function stands(word) {
  if (!word) return;
  const address = new URL(`_drawn/${word}`, document.baseURI);
  requestAnimationFrame(() => setTimeout(() => fetch(address).catch(() => {})));
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".frame");
  const part = (name) => root.querySelector(`.${name}`);
  for (const name of ["name", "dense", "score", "span", "macs", "parameters", "speed", "how", "against"]) {
    part(name).textContent = data[name];
  }
  root.classList.remove("changing");
  stands(data.stands);
  if (lines.has(root)) return;
  lines.set(root, true);
  window.addEventListener("prunescope-sizes", ({ detail }) => {
    if (!root.isConnected) return;
    part("macs").textContent = detail.macs;
    part("parameters").textContent = detail.parameters;
    if (detail.live) root.classList.add("changing");
  });
}
