// How large the network is under any choices: the browser's copy of planning/preview.py, on shapes
// that the server sends once. A test compares the two, count by count.
const UNIT = 10000;  // sparsities have four digits, so that products stay whole numbers

const leavesWith = (blocks, gone) =>
  blocks.length > 0 && blocks.every((one) => one.some((name) => gone.has(name)));
const product = (numbers) => numbers.reduce((left, right) => left * right, 1);

function evenly(value) {  // rounds halves to even, as Python does
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

function removedCount(total, sparsity) {
  return Math.floor((2 * total * Math.round(sparsity * UNIT) + UNIT) / (2 * UNIT));
}

function removedUnits(group, sparsity) {
  if (group.block) return sparsity > 0 ? 1 : 0;
  return Math.min(removedCount(group.units, sparsity), group.units - 1);
}

function shrunk(facts, units) {
  const gone = new Set(
    Object.keys(units).filter((name) => facts.groups[name].block && units[name] > 0),
  );
  const elements = facts.tensors.map((tensor) => {
    if (leavesWith(tensor.leaves, gone)) return 0;
    const shape = [...tensor.shape];
    for (const [name, dimension, indices] of tensor.members) {
      if (units[name] > 0 && !facts.groups[name].block) shape[dimension] -= units[name] * indices;
    }
    return product(shape);
  });
  let macs = 0;
  for (const term of facts.terms) {
    if (leavesWith(term.leaves, gone)) continue;
    let left = product(term.factors.map((factor) =>
      1 - factor.reduce((sum, [name, share]) => sum + (units[name] ?? 0) * share, 0)));
    if (term.tensor !== null) {
      left *= elements[term.tensor] / product(facts.tensors[term.tensor].shape);
    }
    macs += term.macs * left;
  }
  const total = (weigh) =>
    facts.tensors.reduce((sum, tensor, place) => sum + weigh(tensor, elements[place]), 0);
  return {
    elements, macs: evenly(macs),
    parameters: total((tensor, count) => (tensor.buffer ? 0 : tensor.times * count)),
    bytes: total((tensor, count) => tensor.times * tensor.width * count),
  };
}

// choices: [name, "weight" or what the group's units are, sparsity]
function sizesOf(facts, choices) {
  const units = {};
  for (const [name, kind, sparsity] of choices) {
    if (kind !== "weight" && facts.groups[name]) {
      units[name] = removedUnits(facts.groups[name], sparsity);
    }
  }
  const leaving = Object.values(units).some((count) => count > 0);
  const size = leaving ? shrunk(facts, units) : { ...facts.dense, elements: null };
  let [zeroed, idle] = [0, 0];
  for (const [name, kind, sparsity] of choices) {
    const layer = facts.layers[name];
    if (kind !== "weight" || !layer || sparsity <= 0) continue;
    const total = size.elements === null ? layer.parameters : size.elements[layer.tensor];
    const removed = removedCount(total, sparsity);
    const macs = layer.parameters ? evenly((layer.macs * total) / layer.parameters) : 0;
    zeroed += removed;
    idle += total ? evenly((macs * removed) / total) : 0;
  }
  return {
    stored: size.parameters, parameters: size.parameters - zeroed, bytes: size.bytes,
    macs: size.macs, nonzeroMacs: size.macs - idle,
  };
}

export default function (component) {
  const { facts } = component.data;
  globalThis.prunescopeSizes = { dense: facts.dense, of: (choices) => sizesOf(facts, choices) };
  window.dispatchEvent(new CustomEvent("prunescope-facts"));
}
