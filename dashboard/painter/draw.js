// The bars, their names and the lines above them, as the state says.
function background(heat, colours) {
  if (heat.length === 0) return "";
  const at = (level) => colours[Math.round(clamp(level) * (colours.length - 1))];
  const stops = heat.map(([sparsity, level]) => `${at(level)} ${100 * sparsity}%`);
  return `linear-gradient(to top, ${at(0)} 0%, ${stops.join(", ")})`;
}

function element(kind, parent) {
  const made = document.createElement("div");
  made.className = kind;
  parent.append(made);
  return made;
}

function tell(state, place) {
  const bar = state.bars[place];
  if (!bar) {
    state.said.textContent = state.hint;
  } else if (state.typed) {
    state.said.textContent = `${bar.title} · remove ${state.typed} % — Enter sets it, Escape does not`;
  } else {
    state.said.textContent = `${bar.title} · ${words(bar, state.values[place])}`;
  }
}

function paint(state, place) {
  const { node, fill, mark } = state.cells[place];
  const value = state.values[place];
  fill.style.clipPath = `inset(${100 * (1 - value)}% 0 0)`;
  mark.style.transform = `translateY(${-100 * value}%)`;
  mark.style.visibility = value > 0 ? "visible" : "";
  node.setAttribute("aria-valuenow", String(Math.round(100 * value)));
  node.setAttribute("aria-valuetext", words(state.bars[place], value));
}

function dress(state, place) {
  const { node, label } = state.cells[place];
  const bar = state.bars[place];
  node.classList.toggle("locked", bar.locked);
  label.classList.toggle("locked", bar.locked);
  node.setAttribute("aria-disabled", String(bar.locked));
  paint(state, place);
}

function build(state) {
  state.strip.replaceChildren();
  state.names.replaceChildren();
  state.cells = state.bars.map((bar, place) => {
    const node = element("bar", state.strip);
    const cell = { node, fill: element("fill", node), mark: element("mark", node) };
    element("padlock", node);
    cell.label = element("name", state.names);
    cell.text = document.createElement("span");
    cell.text.textContent = short(bar.label);
    cell.label.append(cell.text);
    cell.label.title = bar.title;
    cell.label.onclick = () => {  // the keys are the bar's from here on: L locks, digits type
      choose(state, place, true);
      tell(state, place);
      node.focus({ preventScroll: true });
    };
    node.tabIndex = -1;
    node.classList.toggle("units", bar.kind !== "weight");
    const said = {
      role: "slider", "aria-orientation": "vertical", "aria-label": bar.title,
      "aria-valuemin": "0", "aria-valuemax": "100",
    };
    Object.entries(said).forEach(([name, value]) => node.setAttribute(name, value));
    node.onkeydown = (event) => key(state, place, event);
    node.onfocus = () => { choose(state, place, !state.dragging); tell(state, place); };
    return cell;
  });
}

// How wide the bars are: all of them in view where their names can be read so, else scrolled.
function zoom(state, factor) {
  const count = Math.max(state.bars.length, 1);
  const fit = state.scroll.clientWidth / count;
  const now = state.width ?? Math.max(fit, READABLE);
  if (factor !== 1) state.width = factor === 0 ? fit : now * factor;
  const width = Math.min(Math.max(state.width ?? now, fit, SHORTEST), Math.max(fit, 160));
  if (state.width !== null) state.width = width;
  const middle = (state.scroll.scrollLeft + state.scroll.clientWidth / 2) / state.sheet.clientWidth;
  state.sheet.style.width = width <= fit + 0.01 ? "100%" : `${Math.floor(width * count)}px`;
  if (factor !== 1) {
    state.scroll.scrollLeft = middle * state.sheet.clientWidth - state.scroll.clientWidth / 2;
  }
  const longest = Math.max(...state.bars.map((bar) => short(bar.label).length), 1);
  const flat = width >= 7.2 * longest;
  const every = Math.ceil(READABLE / width);
  state.names.classList.toggle("upright", !flat);
  state.cells.forEach(({ text }, place) => {
    text.style.display = flat || place % every === 0 ? "" : "none";
  });
  state.zooms.style.display = count * READABLE > state.scroll.clientWidth || count > 40 ? "" : "none";
}

function legend(state, data) {
  state.legend.replaceChildren();
  const part = (kind, text) => {
    const item = element("item", state.legend);
    const swatch = element(`swatch ${kind}`, item);
    item.append(text);
    return swatch;
  };
  const heat = part("heat", `${data.scale.title}: 0 to ${data.scale.end} or more`);
  heat.style.background = `linear-gradient(to right, ${data.colours.join(", ")})`;
  for (const [kind, text] of data.kinds) part(kind === "weight" ? "weights" : "units", text);
  part("locked", "locked");
}
