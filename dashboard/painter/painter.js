// One stroke paints the sparsities of many layers. Python owns the plan; between pointer-down and
// the answer to our own last edit the browser's values count, at all other times Python's.
// Joined behind state.js, keys.js and draw.js.
const EDGE = 16;  // pixels from the end of the view at which a stroke scrolls on

// Says that this stands, once it is drawn, where the server waits for that: shared/wait_until_drawn.py.
function stands(word) {
  if (!word) return;
  const address = new URL(`_drawn/${word}`, document.baseURI);
  requestAnimationFrame(() => setTimeout(() => fetch(address).catch(() => {})));
}

function setup(parent) {
  const root = parent.querySelector(".painter");
  const part = (name) => root.querySelector(`.${name}`);
  const state = {
    strip: part("bars"), names: part("names"), sheet: part("sheet"), scroll: part("scroll"),
    said: part("said"), totals: part("totals"), legend: part("legend"), zooms: part("zooms"),
    bars: [], values: [], cells: [], others: [], shape: "", width: null, hint: "",
    seq: 0, dragging: false, changing: false, last: null, timer: null, current: 0, selected: null,
    typed: "", typer: null, picking: null, send: () => {},
  };
  state.strip.onpointerdown = (event) => {
    if (event.button !== 0 || state.bars.length === 0) return;
    state.dragging = state.changing = true;
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
    choose(state, state.last.place, false);
    commit(state);
  };
  // What is pressed next, undo for one, builds on what the keys did: they do not wait any longer.
  state.strip.addEventListener("focusout", () => { typedIn(state, state.current); flush(state); });
  state.strip.onpointerleave = () => { if (!state.dragging) tell(state, -1); };
  root.querySelectorAll(".zooms button").forEach((button) => {
    button.onclick = () => zoom(state, Number(button.dataset.factor));
  });
  new ResizeObserver(() => zoom(state, 1)).observe(state.scroll);
  window.addEventListener("prunescope-facts", () => totals(state));
  return state;
}

// Places are counted on all bars, also those out of view: the strip itself moves when it scrolls.
function index(state, event) {
  const box = state.strip.getBoundingClientRect();
  const place = Math.floor(((event.clientX - box.left) / box.width) * state.bars.length);
  return Math.min(Math.max(place, 0), state.bars.length - 1);
}

function stroke(state, event) {
  const view = state.scroll.getBoundingClientRect();
  if (state.last !== null && event.clientX > view.right - EDGE) state.scroll.scrollLeft += EDGE;
  if (state.last !== null && event.clientX < view.left + EDGE) state.scroll.scrollLeft -= EDGE;
  const box = state.strip.getBoundingClientRect();
  const height = clamp(1 - (event.clientY - box.top) / state.strip.clientHeight);
  const here = index(state, event);
  const from = state.last === null ? { place: here, height } : state.last;
  const steps = Math.abs(here - from.place);
  for (let step = 0; step <= steps; step += 1) {  // a quick drag skips no bar
    const share = steps === 0 ? 1 : step / steps;
    const place = Math.round(from.place + share * (here - from.place));
    put(state, place, from.height + share * (height - from.height));
  }
  state.last = { place: here, height };
  tell(state, here);
  totals(state);
}

function receive(state, data, parent) {
  state.bars = data.bars.map((bar) => ({ ...bar }));
  state.values = data.bars.map((bar) => bar.value);
  state.others = data.others;
  state.seq = data.seq;
  state.changing = false;
  const shape = data.bars.map((bar) => `${bar.kind} ${bar.title}`).join("\n");
  if (shape !== state.shape) {
    state.shape = shape;
    build(state);
    state.current = 0;
    state.selected = null;
    zoom(state, 1);
  }
  state.bars.forEach((bar, place) => {
    state.cells[place].node.style.background = background(bar.heat, data.colours);
    dress(state, place);
  });
  const wanted = state.bars.findIndex((bar) => bar.name === data.selected);
  if (data.selected !== state.selected && state.bars[state.current]?.name !== data.selected) {
    choose(state, wanted, false);  // chosen elsewhere on the page
    reveal(state, wanted);
  }
  state.selected = data.selected;
  choose(state, state.current, false);
  if (!parent.contains(document.activeElement)) tell(state, -1);
  totals(state);
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let state = instances.get(parentElement);
  if (!state) {
    state = setup(parentElement);
    state.seq = data.seq;
    instances.set(parentElement, state);
  }
  state.send = setStateValue;
  state.hint = data.hint;
  legend(state, data);
  if (!state.dragging && state.timer === null && data.seq >= state.seq) {
    receive(state, data, parentElement);
  }
  stands(data.stands);
  // No clean-up: Streamlit asks for it on new data too, and a waiting edit must not be lost then.
}
