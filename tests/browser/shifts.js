// What moves although nobody pressed anything, in window.shifts: how much, when, and what it was.
(() => {
  window.shifts = [];
  const named = (node) => {
    const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (!element) return "something in a component, or gone";
    const keyed = element.closest("[class*=st-key-]");
    const key = keyed && /st-key-([^ ]+)/.exec(keyed.className)[1];
    return `${key ?? element.dataset.testid}: ${element.innerText?.trim().slice(0, 40)}`;
  };
  const box = (rect) => [rect.x, rect.y, rect.width, rect.height].map(Math.round).join(" ");
  new PerformanceObserver((list) => {
    for (const { value, startTime, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      const what = sources.map(
        (source) => `${named(source.node)} from ${box(source.previousRect)} to ${box(source.currentRect)}`
      );
      window.shifts.push({ value, at: startTime, what });
    }
  }).observe({ type: "layout-shift", buffered: true });
})();
