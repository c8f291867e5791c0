// Batch normalization in JavaScript, as a program that `normspec check 'pipe:node batch_norm.js'` can ask.
// docs/protocol.md tells how. No packages are needed.
"use strict";

// ---- arrays: {dtype, shape, hex}, elements in C order, little-endian ----

const TYPES = { float32: Float32Array, float64: Float64Array };

function decode({ dtype, shape, hex }) {
  const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
  return { dtype, shape, data: Float64Array.from(new TYPES[dtype](bytes.buffer)) };
}

function encode({ dtype, shape, data }) {
  return { dtype, shape, hex: Buffer.from(TYPES[dtype].from(data).buffer).toString("hex") };
}

function decodeAll(arrays) {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, decode(array)]));
}

// ---- the layer: every number is a double ----

class Refusal extends Error {}

/** Compensated: Neumaier (1974). */
function sum(count, term) {
  let total = 0, lost = 0;
  for (let k = 0; k < count; k++) {
    const value = term(k), next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? (total - next) + value : (value - next) + total;
    total = next;
  }
  return total + lost;
}

/** How the elements of channel c lie in an array of shape (N, C, inner...). */
function channelsOf(shape) {
  const [n, channels, ...rest] = shape;
  const inner = rest.reduce((product, length) => product * length, 1);
  const at = (c, k) => (Math.floor(k / inner) * channels + c) * inner + (k % inner);
  return { channels, members: n * inner, at };
}

class Layer {
  constructor({ attributes, parameters, state }) {
    Object.assign(this, attributes, decodeAll(parameters), { state: decodeAll(state), saved: [] });
    if (!(this.epsilon >= 0)) throw new Refusal("epsilon must not be negative");
  }

  forward(x, training) {
    const { channels, members, at } = channelsOf(x.shape), running = this.state.running_mean;
    for (const parameter of [this.gamma, this.beta]) {
      if (parameter && parameter.data.length !== channels) throw new Refusal("one element for each channel is needed");
    }
    if (training && members === 1) throw new Refusal("training needs more than one element in each channel");
    if (!training && !running) throw new Refusal("inference needs running statistics");
    const y = { ...x, data: new Float64Array(x.data.length) };
    const saved = { x, training, mean: [], rstd: [] };
    for (let c = 0; members && c < channels; c++) {
      const values = Float64Array.from({ length: members }, (_, k) => x.data[at(c, k)]);
      const large = training && values.some((value) => Math.abs(value) > 2 ** 500);
      const scale = large ? 2 ** -600 : 1; // else squares would overflow
      const [mean, variance] = training ? this.train(c, values, scale) : this.infer(c);
      const rstd = 1 / Math.sqrt(variance + this.epsilon * scale * scale);
      const gamma = this.gamma?.data[c] ?? 1, beta = this.beta?.data[c] ?? 0;
      values.forEach((value, k) => { y.data[at(c, k)] = gamma * ((value * scale - mean) * rstd) + beta; });
      saved.mean.push(mean / scale);
      saved.rstd.push(rstd * scale);
    }
    this.saved.push(saved);
    return y;
  }

  /** Return mean and variance of the values times scale, in two passes, and move the running statistics. */
  train(c, values, scale) {
    const m = values.length, { running_mean, running_var } = this.state;
    const mean = sum(m, (k) => values[k] * scale) / m;
    const variance = sum(m, (k) => (values[k] * scale - mean) ** 2) / m;
    const move = (array, value) => { // it is kept in the format of x
      const moved = (1 - this.momentum) * array.data[c] + this.momentum * value;
      array.data[c] = array.dtype === "float32" ? Math.fround(moved) : moved;
    };
    if (running_mean) {
      move(running_mean, mean / scale);
      move(running_var, variance / scale / scale * (m / (m - 1)));
    }
    return [mean, variance];
  }

  infer(c) {
    return [this.state.running_mean.data[c], this.state.running_var.data[c]];
  }

  backward({ x, training, mean, rstd }, dy) {
    const { channels, members, at } = channelsOf(x.shape);
    const parameter = () => ({ ...x, shape: [channels], data: new Float64Array(channels) });
    const found = { dx: { ...x, data: new Float64Array(x.data.length) }, dgamma: parameter(), dbeta: parameter() };
    for (let c = 0; members && c < channels; c++) {
      const xhat = (k) => (x.data[at(c, k)] - mean[c]) * rstd[c];
      found.dbeta.data[c] = sum(members, (k) => dy.data[at(c, k)]);
      found.dgamma.data[c] = sum(members, (k) => dy.data[at(c, k)] * xhat(k));
      const [plain, weighted] = training ? [found.dbeta.data[c] / members, found.dgamma.data[c] / members] : [0, 0];
      const factor = (this.gamma?.data[c] ?? 1) * rstd[c];
      for (let k = 0; k < members; k++) {
        found.dx.data[at(c, k)] = factor * (dy.data[at(c, k)] - plain - xhat(k) * weighted);
      }
    }
    return found;
  }
}

// ---- the conversation ----

const OFFER = {
  name: "js-batch-norm",
  operation: "batch_norm",
  statement: "batch norm in JavaScript, compensated sums in double",
  claims: {
    dtypes: ["float64", "float32"],
    ranks: [2, 3, 4, 5],
    verbs: ["train", "infer", "backward"],
    gradients: ["dx", "dgamma", "dbeta"],
    parameters: ["gamma", "beta"],
    state: ["running_mean", "running_var"],
    optional: ["gamma", "beta", "state"],
    scripts: true,
  },
};

function answer(question) {
  if (question.ask === "hello") return { protocol: "normspec-pipe-1", implementations: [OFFER] };
  const { id, case: asked } = question, returned = [], forwards = {};
  try {
    const layer = new Layer(asked);
    for (const [index, step] of asked.script.entries()) {
      let found;
      if (step.verb === "backward") {
        const gradients = layer.backward(forwards[step.of], decode(step.cotangent));
        found = Object.fromEntries(step.wanted.map((name) => [name, gradients[name]]));
      } else {
        found = { y: layer.forward(decode(step.x), step.verb === "train"), ...layer.state };
        forwards[index] = layer.saved.at(-1);
      }
      returned.push(Object.fromEntries(Object.entries(found).map(([name, array]) => [name, encode(array)])));
    }
    return { id, returned };
  } catch (error) {
    const kind = error instanceof Refusal ? "refused" : "crashed";
    return { id, [kind]: { step: returned.length, message: String(error.message) } };
  }
}

const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n"));
