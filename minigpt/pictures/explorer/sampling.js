// What to draw from, and drawing: P(x) = softmax(h W^L / temperature), kept to the k likeliest or to a share p.

import { softmax } from "./gpt.js";

const LEAST = 1e-6; // of a temperature: below, all is on the likeliest token

/** Logits (|V|) -> probabilities (|V|), as generate.next_token_probabilities gives them. */
export function probabilities(logits, { temperature = 1, topK = Infinity, topP = 1 } = {}) {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  if (temperature < LEAST) {
    const first = logits.indexOf(largest);
    return Float64Array.from(logits, (_, i) => (i === first ? 1 : 0));
  }
  const p = softmax(Float64Array.from(logits, (x) => (x - largest) / temperature));
  const order = [...p.keys()].sort((a, b) => p[b] - p[a] || a - b);
  const kept = new Float64Array(p.length);
  let before = 0;
  order.forEach((i, rank) => {
    if (rank === 0 || (rank < topK && before < topP)) kept[i] = p[i];
    before += p[i];
  });
  const share = kept.reduce((a, b) => a + b, 0);
  return kept.map((x) => x / share);
}

/** Numbers from 0 to 1 that come again with the same seed (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The first token at which the running sum passes `even`, a number from 0 to 1. */
export function draw(p, even) {
  let running = 0;
  for (let i = 0; i < p.length; i++) if ((running += p[i]) > even) return i;
  return p.findLastIndex((x) => x > 0); // rounding: the sum stayed a hair below `even`
}
