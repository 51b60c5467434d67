// Equation (2) once more, in the browser: the third implementation, beside reference.py and model.py.
//
//     h[0] = e_x W^e + W^p,   h[l] = Decoder(h[l-1]),  l = 1..L,   P(x) = softmax(h_T[L] W^L)
//
// A matrix is {rows, cols, data}, row after row. Read downwards, as reference.py is read; `forward` keeps every number
// that it makes under the equation's name, so that the page can show it.

export const matrix = (rows, cols, data = new Float64Array(rows * cols)) => ({ rows, cols, data });
export const row = (m, i) => m.data.subarray(i * m.cols, (i + 1) * m.cols);

/** exp(x_i) / sum_j exp(x_j), the largest x subtracted first; -Infinity becomes 0. */
export function softmax(x) {
  const e = new Float64Array(x.length);
  let largest = -Infinity, sum = 0;
  for (const value of x) largest = Math.max(largest, value);
  for (let i = 0; i < x.length; i++) sum += e[i] = Math.exp(x[i] - largest);
  for (let i = 0; i < x.length; i++) e[i] /= sum;
  return e;
}

/** gain * (x - mean) / sqrt(variance + 1e-5) + bias, for each row. */
export function layerNorm(x, gain, bias) {
  const C = x.cols, out = matrix(x.rows, C);
  for (let t = 0; t < x.rows; t++) {
    let mean = 0, variance = 0;
    for (let i = 0; i < C; i++) mean += x.data[t * C + i] / C;
    for (let i = 0; i < C; i++) variance += (x.data[t * C + i] - mean) ** 2 / C;
    const scale = 1 / Math.sqrt(variance + 1e-5);
    for (let i = 0; i < C; i++) out.data[t * C + i] = gain[i] * (x.data[t * C + i] - mean) * scale + bias[i];
  }
  return out;
}

/** GPT-1's GELU: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
export function gelu(x) {
  const c = Math.sqrt(2 / Math.PI), out = matrix(x.rows, x.cols);
  for (let i = 0; i < x.data.length; i++) {
    const v = x.data[i];
    out.data[i] = 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v * v * v)));
  }
  return out;
}

/** x W + b. W is kept transposed, as PyTorch keeps it: three rows of x at a time meet three of W, so each is read less. */
export function product(x, W, b) {
  const { rows, cols } = x, n = W.rows, X = x.data, V = W.data, out = matrix(rows, n), O = out.data;
  for (let t = 0; t < rows; t += 3) {
    const t1 = Math.min(t + 1, rows - 1), t2 = Math.min(t + 2, rows - 1);
    const x0 = t * cols, x1 = t1 * cols, x2 = t2 * cols;
    for (let o = 0; o < n; o += 3) {
      const o1 = Math.min(o + 1, n - 1), o2 = Math.min(o + 2, n - 1);
      const w0 = o * cols, w1 = o1 * cols, w2 = o2 * cols;
      let a0 = 0, a1 = 0, a2 = 0, b0 = 0, b1 = 0, b2 = 0, c0 = 0, c1 = 0, c2 = 0;
      for (let i = 0; i < cols; i++) {
        const p = X[x0 + i], q = X[x1 + i], r = X[x2 + i], u = V[w0 + i], v = V[w1 + i], w = V[w2 + i];
        a0 += p * u; a1 += p * v; a2 += p * w; b0 += q * u; b1 += q * v; b2 += q * w; c0 += r * u; c1 += r * v; c2 += r * w;
      }
      O[t * n + o] = a0; O[t * n + o1] = a1; O[t * n + o2] = a2;
      O[t1 * n + o] = b0; O[t1 * n + o1] = b1; O[t1 * n + o2] = b2;
      O[t2 * n + o] = c0; O[t2 * n + o1] = c1; O[t2 * n + o2] = c2;
    }
  }
  if (b) for (let i = 0; i < O.length; i++) O[i] += b[i % n];
  return out;
}

export const sum = (x, y) => matrix(x.rows, x.cols, x.data.map((value, i) => value + y.data[i]));

/** softmax(q k^T / sqrt(d_k) + mask) v for one head, whose columns begin at `from` in q, k and v side by side. */
export function attention(qkv, from, d_k, out, masked) {
  const T = qkv.rows, C = qkv.cols / 3, weights = matrix(T, T), X = qkv.data;
  for (let t = 0; t < T; t++) {
    const q = t * 3 * C + from, seen = masked ? t + 1 : T, scores = new Float64Array(seen);
    for (let s = 0; s < seen; s++) {
      const k = s * 3 * C + C + from;
      let score = 0;
      for (let i = 0; i < d_k; i++) score += X[q + i] * X[k + i];
      scores[s] = score / Math.sqrt(d_k);
    }
    row(weights, t).set(softmax(scores)); // 0 where it may not look
    for (let s = 0; s < seen; s++) {
      const weight = weights.data[t * T + s], v = s * 3 * C + 2 * C + from;
      for (let i = 0; i < d_k; i++) out.data[t * C + from + i] += weight * X[v + i];
    }
  }
  return weights;
}

/** One layer, post-LN: n = LN1(x + a), h = LN2(n + m), with a the heads' answer and m the MLP's. */
export function decoderBlock(x, p, nHead, masked = true) {
  const d_k = x.cols / nHead, heads = matrix(x.rows, x.cols);
  const qkv = product(x, p.W_qkv, p.b_qkv.data);
  const weights = [];
  for (let i = 0; i < nHead; i++) weights.push(attention(qkv, i * d_k, d_k, heads, masked));
  const a = product(heads, p.W_o, p.b_o.data);
  const xa = sum(x, a), n = layerNorm(xa, p.g_1.data, p.c_1.data);
  const m = product(gelu(product(n, p.W_1, p.b_1.data)), p.W_2, p.b_2.data);
  const nm = sum(n, m), h = layerNorm(nm, p.g_2.data, p.c_2.data);
  return { weights, a, xa, n, m, nm, h };
}

/** The whole of eq. (2) for one text: ids (T) -> {e, h0, blocks: [{weights, a, .., h}], h, logits}. */
export function forward({ params, config }, ids, masked = true) {
  const e = matrix(ids.length, config.d_model), h0 = matrix(ids.length, config.d_model);
  ids.forEach((id, t) => {
    row(e, t).set(row(params.W_e, id));
    row(params.W_p, t).forEach((p, i) => (h0.data[t * config.d_model + i] = row(e, t)[i] + p));
  });
  const blocks = [];
  let h = h0;
  for (let layer = 0; layer < config.n_layer; layer++) {
    blocks.push(decoderBlock(h, params.blocks[layer], config.n_head, masked));
    h = blocks[layer].h;
  }
  return { e, h0, blocks, h, logits: product(h, params.W_L) };
}

/** -log P(x_t | x_1 .. x_{t-1}) of each token after the first, in nats: the terms of eq. (1). */
export function losses(logits, ids) {
  return ids.slice(1).map((id, t) => -Math.log(softmax(row(logits, t))[id]));
}
