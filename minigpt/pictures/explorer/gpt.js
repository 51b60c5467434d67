// Equation (2) once more, in the browser: the third implementation, beside reference.py and model.py.
//
//     h[0] = e_x W^e + W^p,   h[l] = Decoder(h[l-1]),  l = 1..L,   P(x) = softmax(h_T[L] W^L)
//
// A matrix is {rows, cols, data}, row after row. Read downwards, as reference.py is read; `forward` keeps every number
// that it makes under the equation's name, so that the page can show it.

export const matrix = (rows, cols, data = new Float32Array(rows * cols)) => ({ rows, cols, data });
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

/** x W + b. W is kept transposed, as PyTorch keeps it: two rows of x at a time meet four columns of W. */
export function product(x, W, b) {
  const { rows, cols } = x, n = W.rows, X = x.data, V = W.data, out = matrix(rows, n), O = out.data;
  for (let t = 0; t < rows; t += 2) {
    const x0 = t * cols, x1 = t + 1 < rows ? x0 + cols : x0;
    for (let o = 0; o < n; o += 4) {
      const w0 = o * cols, w1 = Math.min(o + 1, n - 1) * cols, w2 = Math.min(o + 2, n - 1) * cols;
      const w3 = Math.min(o + 3, n - 1) * cols;
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      for (let i = 0; i < cols; i++) {
        const p = X[x0 + i], q = X[x1 + i], v0 = V[w0 + i], v1 = V[w1 + i], v2 = V[w2 + i], v3 = V[w3 + i];
        a0 += p * v0; a1 += p * v1; a2 += p * v2; a3 += p * v3;
        b0 += q * v0; b1 += q * v1; b2 += q * v2; b3 += q * v3;
      }
      const sums = [a0, a1, a2, a3, b0, b1, b2, b3];
      for (let j = 0; j < 4 && o + j < n; j++) {
        const bias = b ? b[o + j] : 0;
        O[t * n + o + j] = sums[j] + bias;
        if (t + 1 < rows) O[(t + 1) * n + o + j] = sums[4 + j] + bias;
      }
    }
  }
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
