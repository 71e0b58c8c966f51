// Follows the runs that this page asks for and that the server begins and ends, in
// window.runs: how many are not begun yet, and whether one goes on. Fragments that tick by
// themselves ask for nothing.
(() => {
  const runs = (window.runs = { asked: 0, goesOn: false });
  const REQUEST = { rerunScript: 11, fragmentId: 5, isAutoRerun: 6 };
  const ANSWER = { metadata: 2, newSession: 4, scriptFinished: 6, run: 6, fragmentIds: 2 };
  const EARLY_FOR_RERUN = 2;  // another run follows at once

  // The fields of a protobuf message: number -> bytes, or a number.
  function fields(bytes) {
    const read = new Map();
    let at = 0;
    const varint = () => {
      let value = 0;
      for (let shift = 1; ; shift *= 128) {
        const byte = bytes[at++];
        value += (byte & 127) * shift;
        if (byte === undefined) throw new RangeError("A protobuf message ends too early.");
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      const wire = tag & 7;
      let value = null;
      if (wire === 0) value = varint();
      else if (wire === 2) {
        const length = varint();
        value = bytes.subarray(at, at + length);
        at += length;
      } else at += wire === 1 ? 8 : 4;
      read.set(Math.floor(tag / 8), value);
    }
    return read;
  }

  let fragmentsOnly = true;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!this.counted) {
      this.counted = true;
      this.addEventListener("message", ({ data: reply }) => answered(new Uint8Array(reply)));
    }
    if (ArrayBuffer.isView(data)) {
      const request = fields(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).get(REQUEST.rerunScript);
      const state = request && fields(request);
      if (state && !state.get(REQUEST.isAutoRerun)) {
        runs.asked += 1;
        if (!state.has(REQUEST.fragmentId)) fragmentsOnly = false;
      }
    }
    return send.call(this, data);
  };

  // A run of the whole page answers all that was asked before; one of a fragment only fragments.
  function answered(bytes) {
    const message = fields(bytes);
    if (message.has(ANSWER.scriptFinished)) {
      runs.goesOn = message.get(ANSWER.scriptFinished) === EARLY_FOR_RERUN;
    }
    if (!message.has(ANSWER.newSession)) return;
    runs.goesOn = true;
    const metadata = message.get(ANSWER.metadata);
    const run = metadata && fields(metadata).get(ANSWER.run);
    const whole = !(run && fields(run).has(ANSWER.fragmentIds));
    if (!whole && !fragmentsOnly) return;
    runs.asked = 0;
    fragmentsOnly = true;
  }
})();
