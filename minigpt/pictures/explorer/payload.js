// The weights that payload.py packed: float16, high bytes before low ones, gzip, base64; unpacked when first needed.

import { matrix } from "./gpt.js";

export async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** float16 from its two bytes: sign, 5 bits of exponent, 10 of fraction. */
export function half(high, low) {
  const exponent = (high >> 2) & 31,
    fraction = ((high & 3) << 8) | low;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction / 1024 / 2 ** 14;
  return high & 128 ? -size : size;
}

const TABLE = Float32Array.from({ length: 65536 }, (_, i) => half(i >> 8, i & 255));

/** {config, shapes: [[name, rows, cols]], weights} to what `forward` reads, and W_y where the model has a head. */
export async function model({ config, shapes, weights }) {
  const bytes = await unpack(weights),
    n = bytes.length / 2;
  const params = { blocks: Array.from({ length: config.n_layer }, () => ({})) };
  let at = 0;
  for (const [name, rows, cols] of shapes) {
    const values = matrix(rows, cols);
    for (let i = 0; i < values.data.length; i++, at++) values.data[i] = TABLE[(bytes[at] << 8) | bytes[n + at]];
    const [layer, own] = name.split(".");
    if (own) params.blocks[layer][own] = values;
    else params[name] = values;
  }
  params.W_L ??= params.W_e; // tied
  return { config, params };
}
