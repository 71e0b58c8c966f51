// Puts SVG and CSV beside the camera of every chart; all three files get the camera's name.
const WORDS = { svg: "Download as SVG", csv: "Download the numbers as CSV" };

export default function () {
  if (window.prunescopeTakeAway) return;
  let asked = false;
  const look = () => {
    asked = false;
    document.querySelectorAll(".js-plotly-plot").forEach(offer);
  };
  window.prunescopeTakeAway = new MutationObserver(() => {
    if (!asked) requestAnimationFrame(look);
    asked = true;
  });
  window.prunescopeTakeAway.observe(document.body, { childList: true, subtree: true });
  look();
}

function offer(chart) {
  const camera = chart.querySelector('.modebar-btn[data-title^="Download plot"]');
  if (!camera || camera.parentElement.querySelector("[data-take]")) return;
  camera.parentElement.style.display = "inline-flex";
  camera.parentElement.append(button("svg", () => asSvg(chart, camera)));
  camera.parentElement.append(button("csv", () => asCsv(chart)));
}

function button(kind, press) {
  const made = document.createElement("a");
  made.className = "modebar-btn";
  made.dataset.take = kind;
  made.dataset.title = WORDS[kind];
  made.textContent = kind.toUpperCase();
  made.setAttribute("role", "button");
  made.setAttribute("aria-label", WORDS[kind]);
  made.style.cssText = "font-size:10px;font-weight:600;line-height:16px";
  made.addEventListener("click", press);
  return made;
}

// Plotly's own button saves what its options say at the time of the press.
function asSvg(chart, camera) {
  const options = chart._context.toImageButtonOptions;
  chart._context.toImageButtonOptions = { ...options, format: "svg" };
  camera.click();
  chart._context.toImageButtonOptions = options;
}

function asCsv(chart) {
  const rows = chart._fullData.some((trace) => trace.z) ? grid(chart) : lines(chart);
  const text = rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${chart._context.toImageButtonOptions.filename}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// What is drawn of a number may differ from it (a mark at the edge, a shade by logarithm); then the
// trace holds the numbers themselves, ``meta.y`` or ``meta.z``.
// One row per mark. Bands are drawn as closed outlines, so a trace without marks or a name is none.
function lines(chart) {
  const rows = [["series", title(chart, "xaxis"), title(chart, "yaxis"), "above", "below"]];
  for (const trace of chart._fullData) {
    if (trace.fill === "toself" || !trace.x || !trace.y) continue;
    const error = trace.error_y && trace.error_y.visible ? trace.error_y : {};
    for (let place = 0; place < trace.x.length; place++) {
      if (trace.y[place] === null || trace.y[place] === undefined) continue;
      const above = error.array ? error.array[place] : "";
      const below = error.arrayminus ? error.arrayminus[place] : above;
      const y = trace.meta?.y ? trace.meta.y[place] : trace.y[place];
      rows.push([plain(trace.name), trace.x[place], y, above, below]);
    }
  }
  return rows;
}

function grid(chart) {
  const rows = [["row", title(chart, "xaxis"), "value"]];
  for (const trace of chart._fullData.filter((one) => one.z)) {
    for (let down = 0; down < trace.z.length; down++) {
      for (let right = 0; right < trace.z[down].length; right++) {
        const drawn = trace.z[down][right];
        if (drawn === null || drawn === undefined || Number.isNaN(drawn)) continue;
        const value = trace.meta?.z ? trace.meta.z[down][right] : drawn;
        rows.push([name(trace.y, chart, "yaxis", down), name(trace.x, chart, "xaxis", right), value]);
      }
    }
  }
  return rows;
}

// What stands at the axis, where its ticks have texts of their own.
function name(values, chart, axis, place) {
  const { tickvals, ticktext } = chart._fullLayout[axis];
  const value = values ? values[place] : place;
  const tick = tickvals ? Array.from(tickvals).indexOf(value) : -1;
  return plain(tick >= 0 && ticktext ? ticktext[tick] : value);
}

function title(chart, axis) {
  const text = chart._fullLayout[axis] && chart._fullLayout[axis].title.text;
  return plain(text && !text.startsWith("Click to enter") ? text : axis[0]);
}

function plain(value) {
  const made = document.createElement("span");
  made.innerHTML = String(value ?? "").replace(/<[^>]*>/g, " ");
  return made.textContent.trim();
}

// Quoted where it must be; no spreadsheet takes a text for a formula.
function cell(value) {
  const safe = typeof value === "number" ? String(Number(value.toPrecision(12))) : String(value ?? "").replace(/^(?=[=+\-@\t\r])/, "'");
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
