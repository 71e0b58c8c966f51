// What one painter remembers, and the words about one bar.
const instances = new WeakMap();
const SHORTEST = 4;  // pixels of a bar
const READABLE = 14;  // pixels of a bar whose name can stand under it
const LONGEST = 22;  // letters of a name under a bar; the whole name is in the line above

const clamp = (value) => Math.min(1, Math.max(0, value));
const percent = (value) => `${+(100 * value).toFixed(2)} %`;
const short = (name) => (name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name);

function snapped(bar, value) {
  if (bar.pattern !== null) return value >= bar.pattern / 2 ? bar.pattern : 0;
  if (bar.units === null) return Math.round(clamp(value) * 100) / 100;
  const removed = Math.min(Math.round(clamp(value) * bar.units), bar.units - 1);
  return removed / bar.units;
}

function words(bar, value) {
  const units = bar.units === null ? "" : `, ${Math.round(value * bar.units)} of ${bar.units} leave`;
  return `${percent(value)} removed${units}${bar.locked ? ", locked" : ""}`;
}

function put(state, place, value, typed = false) {
  const bar = state.bars[place];
  if (bar.locked) return;
  const free = typed && bar.pattern === null && bar.units === null;
  state.values[place] = free ? Math.round(clamp(value) * 1e4) / 1e4 : snapped(bar, value);
  paint(state, place);
  if (state.values[place] > 0) {
    state.bars.forEach((other, twin) => {  // a plan has one choice per name
      if (twin === place || other.name !== bar.name || state.values[twin] === 0) return;
      state.values[twin] = 0;
      paint(state, twin);
    });
  }
}

function lock(state, place) {
  const wanted = !state.bars[place].locked;
  state.bars.forEach((bar, twin) => {
    if (bar.name !== state.bars[place].name) return;
    bar.locked = wanted;
    dress(state, twin);
  });
}

function commit(state) {
  clearTimeout(state.timer);
  state.timer = null;
  state.seq += 1;
  state.send("edit", {
    seq: state.seq, names: state.bars.map((bar) => bar.name), values: state.values,
    locks: state.bars.map((bar) => bar.locked), picked: state.bars[state.current]?.name ?? null,
  });
}

function flush(state) {
  if (state.timer !== null) commit(state);
}

// Which layer every part of the page is about. Walking along the bars asks the server once, at rest.
function choose(state, place, send) {
  if (place < 0 || place >= state.bars.length) return;
  const before = state.current;
  state.current = place;
  for (const one of [before, place]) {
    const cell = state.cells[one];
    if (!cell) continue;
    cell.node.tabIndex = one === place ? 0 : -1;
    cell.node.classList.toggle("current", one === place);
    cell.label.classList.toggle("current", one === place);
  }
  if (!send) return;
  clearTimeout(state.picking);
  state.picking = setTimeout(() => {
    if (state.timer === null) state.send("picked", { name: state.bars[place].name, at: Date.now() });
  }, 250);
}

// Scrolls the bars sideways to one that was chosen elsewhere; the page stays where it is read.
function reveal(state, place) {
  const bar = state.cells[place]?.node;
  const strip = bar?.closest(".scroll");
  if (!strip) return;
  const end = bar.offsetLeft + bar.offsetWidth - strip.clientWidth;
  strip.scrollLeft = Math.max(Math.min(strip.scrollLeft, bar.offsetLeft), end);
}

function totals(state) {
  const sizes = globalThis.prunescopeSizes;
  if (!sizes) return;
  const own = state.bars.map((bar, place) => [bar.name, bar.kind, state.values[place]]);
  const painted = new Set(own.filter(([, , value]) => value > 0).map(([name]) => name));
  const now = sizes.of([...state.others.filter(([name]) => !painted.has(name)), ...own]);
  const share = (name) => `${((100 * now[name]) / (sizes.dense[name] || 1)).toFixed(1)} %`;
  const left = { macs: share("macs"), parameters: share("parameters"), live: state.changing };
  state.totals.textContent =
    `Left: ${left.macs} of the MACs, ${left.parameters} of the parameters`;
  window.dispatchEvent(new CustomEvent("prunescope-sizes", { detail: left }));
}
