// What a page does, by its own clock, in window.watched: when it last changed, what each frame of a
// stroke cost the main thread, how far its parts moved, and when the line at the top stood.
(() => {
  const watched = (window.watched = {
    changed: 0, keyed: 0, headAt: null, shifts: [], works: [], gaps: [], sizes: 0, moved: 0,
    stroke: false,
  });
  const observer = new MutationObserver(() => { watched.changed = performance.now(); });
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  observer.observe(document, all);
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    observer.observe(root, all);
    return root;
  };
  new PerformanceObserver((list) => {
    for (const { value, startTime, hadRecentInput } of list.getEntries()) {
      watched.shifts.push({ value, at: startTime, pressed: hadRecentInput });
    }
  }).observe({ type: "layout-shift", buffered: true });
  addEventListener("keyup", () => { watched.keyed = performance.now(); }, true);

  const within = (root) => {
    for (const host of root.querySelectorAll("*")) {
      if (!host.shadowRoot) continue;
      const hit = host.shadowRoot.querySelector(".head .score") ?? within(host.shadowRoot);
      if (hit) return hit;
    }
    return null;
  };
  const look = () => {
    const score = document.querySelector(".head .score") ?? within(document);
    if (score && score.textContent.trim()) watched.headAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  // The main thread's work in one frame: the handlers of the pointer, and what is between the
  // frame's callbacks and the first task after it was drawn.
  let [began, handled, last] = [0, 0, null];
  addEventListener("pointermove", () => { began = performance.now(); }, true);
  addEventListener("pointermove", () => { handled += performance.now() - began; watched.moved += 1; });
  addEventListener("prunescope-sizes", () => { if (watched.stroke) watched.sizes += 1; });
  const frame = (at) => {
    if (!watched.stroke) { last = null; handled = 0; return; }
    const start = performance.now();
    const handlers = handled;
    handled = 0;
    if (last !== null) watched.gaps.push(at - last);
    last = at;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      if (handlers > 0) watched.works.push(handlers + performance.now() - start);
    };
    port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  watched.begin = () => {
    Object.assign(watched, { works: [], gaps: [], sizes: 0, moved: 0, stroke: true });
    requestAnimationFrame(frame);
  };
  watched.end = () => { watched.stroke = false; };
})();
