// One stroke paints the sparsities of many layers. Python owns the plan; between pointer-down and
// the answer to our own last edit the browser's values count, at all other times Python's.
const instances = new WeakMap();

const clamp = (value) => Math.min(1, Math.max(0, value));
const percent = (value) => `${+(100 * value).toFixed(2)} %`;

function snapped(bar, value) {
  if (bar.pattern !== null) return value >= bar.pattern / 2 ? bar.pattern : 0;
  if (bar.units === null) return Math.round(clamp(value) * 100) / 100;
  const removed = Math.min(Math.round(clamp(value) * bar.units), bar.units - 1);
  return removed / bar.units;
}

function background(heat, colours) {
  if (heat.length === 0) return "";
  const at = (level) => colours[Math.round(clamp(level) * (colours.length - 1))];
  const stops = heat.map(([sparsity, level]) => `${at(level)} ${100 * sparsity}%`);
  return `linear-gradient(to top, ${at(0)} 0%, ${stops.join(", ")})`;
}

function setup(parent) {
  const root = parent.querySelector(".painter");
  const state = {
    strip: root.querySelector(".bars"), told: root.querySelector(".told"),
    ends: root.querySelector(".ends"), bars: [], values: [], nodes: [], shape: "",
    seq: 0, dragging: false, last: null, timer: null, send: () => {},
  };
  state.strip.onpointerdown = (event) => {
    if (event.button !== 0 || state.bars.length === 0) return;
    if (event.clientY - state.strip.getBoundingClientRect().top > state.strip.clientHeight) return;
    state.dragging = true;
    state.last = null;
    state.strip.setPointerCapture(event.pointerId);
    stroke(state, event);
  };
  state.strip.onpointermove = (event) => {
    if (state.dragging) stroke(state, event);
    else tell(state, index(state, event));
  };
  state.strip.onpointerup = state.strip.onpointercancel = () => {
    if (!state.dragging) return;
    state.dragging = false;
    commit(state);
  };
  // What is pressed next, undo for one, builds on what the keys did: they do not wait any longer.
  state.strip.addEventListener("focusout", () => flush(state));
  state.strip.onpointerleave = () => { if (!state.dragging) tell(state, -1); };
  return state;
}

// The bars may be wider together than the strip, which then scrolls: places are counted on all of
// them, not on the part that is in view.
function index(state, event) {
  const left = state.strip.getBoundingClientRect().left - state.strip.scrollLeft;
  const place = Math.floor(((event.clientX - left) / state.strip.scrollWidth) * state.bars.length);
  return Math.min(Math.max(place, 0), state.bars.length - 1);
}

function stroke(state, event) {
  const box = state.strip.getBoundingClientRect();
  const height = clamp(1 - (event.clientY - box.top) / state.strip.clientHeight);
  const here = index(state, event);
  const from = state.last === null ? { place: here, height } : state.last;
  const steps = Math.abs(here - from.place);
  for (let step = 0; step <= steps; step += 1) {  // a quick drag skips no bar
    const part = steps === 0 ? 1 : step / steps;
    const place = Math.round(from.place + part * (here - from.place));
    put(state, place, from.height + part * (height - from.height));
  }
  state.last = { place: here, height };
  tell(state, here);
}

function put(state, place, value) {
  if (state.bars[place].locked) return;
  state.values[place] = snapped(state.bars[place], value);
  paint(state, place);
}

function commit(state) {
  clearTimeout(state.timer);
  state.timer = null;
  state.seq += 1;
  state.send({ seq: state.seq, names: state.bars.map((bar) => bar.name), values: state.values });
}

function flush(state) {
  if (state.timer !== null) commit(state);
}

function key(state, place, event) {
  const bar = state.bars[place];
  const step = bar.units === null ? 0.01 : 1 / bar.units;
  const moves = {
    ArrowUp: step, ArrowDown: -step, PageUp: Math.max(0.1, step), PageDown: -Math.max(0.1, step),
    Home: -1, End: 1,
  };
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const next = state.nodes[place + (event.key === "ArrowRight" ? 1 : -1)];
    if (next) next.node.focus();
    event.preventDefault();
    return;
  }
  if (!(event.key in moves)) {
    flush(state);  // Ctrl+Z means what the keys did
    return;
  }
  event.preventDefault();
  const before = state.values[place];
  const wanted = bar.pattern !== null ? (moves[event.key] > 0 ? 1 : 0) : before + moves[event.key];
  put(state, place, wanted);
  tell(state, place);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => commit(state), 150);  // a key held down is one edit
}

function words(bar, value) {
  const units = bar.units === null ? "" : `, ${Math.round(value * bar.units)} of ${bar.units} leave`;
  return `${percent(value)} removed${units}${bar.locked ? ", locked" : ""}`;
}

function tell(state, place) {
  const bar = state.bars[place];
  state.told.textContent = bar
    ? `${bar.name} · ${words(bar, state.values[place])}` : state.hint;
}

function paint(state, place) {
  const { node, fill, mark } = state.nodes[place];
  const value = state.values[place];
  fill.style.height = mark.style.bottom = `${100 * value}%`;
  mark.style.display = value > 0 ? "" : "none";
  node.setAttribute("aria-valuenow", String(Math.round(100 * value)));
  node.setAttribute("aria-valuetext", words(state.bars[place], value));
}

function build(state) {
  state.strip.replaceChildren();
  state.nodes = state.bars.map((bar, place) => {
    const node = document.createElement("div");
    const fill = document.createElement("div");
    const mark = document.createElement("div");
    node.className = "bar";
    fill.className = "fill";
    mark.className = "mark";
    node.append(fill, mark);
    node.tabIndex = 0;
    node.setAttribute("role", "slider");
    node.setAttribute("aria-orientation", "vertical");
    node.setAttribute("aria-label", bar.name);
    node.setAttribute("aria-valuemin", "0");
    node.setAttribute("aria-valuemax", "100");
    node.onkeydown = (event) => key(state, place, event);
    node.onfocus = () => tell(state, place);
    state.strip.append(node);
    return { node, fill, mark };
  });
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let state = instances.get(parentElement);
  if (!state) {
    state = setup(parentElement);
    state.seq = data.seq;
    instances.set(parentElement, state);
  }
  state.send = (edit) => setStateValue("edit", edit);
  state.hint = data.hint;
  state.ends.textContent = data.ends;
  if (!state.dragging && state.timer === null && data.seq >= state.seq) {
    state.bars = data.bars;
    state.values = data.bars.map((bar) => bar.value);
    state.seq = data.seq;
    const shape = data.bars.map((bar) => bar.name).join("\n");
    if (shape !== state.shape) {
      state.shape = shape;
      build(state);
    }
    state.bars.forEach((bar, place) => {
      const { node } = state.nodes[place];
      node.classList.toggle("locked", bar.locked);
      node.setAttribute("aria-disabled", String(bar.locked));
      node.style.background = background(bar.heat, data.colours);
      paint(state, place);
    });
    if (!parentElement.contains(document.activeElement)) tell(state, -1);
  }
  // No clean-up: Streamlit asks for it on new data too, and a waiting edit must not be lost then.
}
