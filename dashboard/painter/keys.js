// The keyboard: one tab stop; arrows walk and move, digits type a sparsity, L locks.
function key(state, place, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    flush(state);  // Ctrl+Z means what the keys did
    return;
  }
  if (walked(state, place, event) || typing(state, place, event)) return;
  if (event.key === "l" || event.key === "L") {
    event.preventDefault();
    lock(state, place);
    tell(state, place);
    commit(state);
    return;
  }
  if (event.key === "+" || event.key === "-") {
    event.preventDefault();
    zoom(state, event.key === "+" ? 1.5 : 1 / 1.5);
    return;
  }
  const bar = state.bars[place];
  const step = bar.units === null ? 0.01 : 1 / bar.units;
  const moves = {
    ArrowUp: step, ArrowDown: -step, PageUp: Math.max(0.1, step), PageDown: -Math.max(0.1, step),
    Home: -1, End: 1,
  };
  if (!(event.key in moves)) {
    flush(state);
    return;
  }
  event.preventDefault();
  const before = state.values[place];
  const wanted = bar.pattern !== null ? (moves[event.key] > 0 ? 1 : 0) : before + moves[event.key];
  put(state, place, wanted);
  tell(state, place);
  state.changing = true;
  totals(state);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => commit(state), 150);  // a key held down is one edit
}

function walked(state, place, event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (!(event.key in steps)) return false;
  event.preventDefault();
  const next = state.cells[place + steps[event.key]];
  if (next) next.node.focus();
  return true;
}

function typing(state, place, event) {
  if (/^[0-9.,]$/.test(event.key)) {
    state.typed += event.key.replace(",", ".");
  } else if (state.typed && event.key === "Backspace") {
    state.typed = state.typed.slice(0, -1);
  } else if (state.typed && event.key === "Enter") {
    typedIn(state, place);
    return true;
  } else if (state.typed && event.key === "Escape") {
    state.typed = "";
  } else {
    return false;
  }
  event.preventDefault();
  clearTimeout(state.typer);
  state.typer = setTimeout(() => typedIn(state, place), 1500);
  tell(state, place);
  return true;
}

function typedIn(state, place) {
  clearTimeout(state.typer);
  const wanted = Number(state.typed);
  const any = state.typed !== "";
  state.typed = "";
  if (any && Number.isFinite(wanted) && state.bars[place]) {
    put(state, place, wanted / 100, true);
    commit(state);
  }
  tell(state, place);
  totals(state);
}
