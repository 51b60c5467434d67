// Inside: one forward pass from the bottom up, every number with its name and shape; who looks at whom; the logit lens.

import { losses, matrix, product, row, softmax } from "./gpt.js";
import { MARKERS } from "./tokenizer.js";
import { bars, equation, h, heat, named, nats, share } from "./dom.js";
import { clamp, firstText, readText, rowsOf, textBox, truthOf, visible } from "./next_view.js";

const STRIP = 40; // pixels high: d_model numbers
const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;

export const insideView = {
  fields: ["layer", "head", "at", "mask"],
  has: () => true,
  build(app) {
    const { t, data } = app, text = textBox(app, t.text);
    const mask = h("input", { type: "checkbox", id: "mask", onchange: () => app.set({ mask: mask.checked ? "" : "off" }) });
    const notes = h("div", { class: "notes", "aria-live": "polite" });
    const readout = h("p", { class: "readout" }), stack = h("div", { class: "stack" });
    const node = h("section", { class: "inside" },
      h("h2", {}, t.inside), h("p", { class: "lead" }, t.insideLead), text.node,
      h("div", { class: "control" }, mask, h("label", { for: "mask" }, t.mask)), notes, stack, readout);

    async function update(state, stale) {
      const told = state.text ?? firstText(app), off = state.mask === "off";
      text.fill(told);
      mask.checked = !off;
      const honest = await app.load(data.body), body = off && data.cheat ? await app.load(data.cheat.model) : honest;
      if (stale()) return;
      const { config } = body, { ids, read, notes: say } = readText(app, told, config.n_ctx);
      const truth = truthOf(app, told, say), run = app.run(body, read, !off), T = read.length;
      say.unshift(maskLine(app, off, losses(run.logits, read), ids.length === T ? truth.losses : [], losses(app.run(honest, read).logits, read)));
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));

      const at = clamp(state.at, 0, T - 1, T - 1) | 0, layer = clamp(state.layer, 1, config.n_layer, config.n_layer) | 0;
      const head = clamp(state.head, 1, config.n_head, 1) | 0;
      const names = read.map((id) => visible(app.tok.show(id)));
      const room = stack.clientWidth || node.clientWidth || 360, side = room > 800 ? 280 : 20;
      const w = Math.max(20, Math.min(84, Math.floor((room - side) / T)));
      const tell = (line) => (readout.textContent = line);
      const ctx = { app, run, names, w, T, at, layer, head, tell };
      tell(t.hoverHint);
      stack.replaceChildren(h("div", { class: "tower", style: `--columns:${T};--w:${w}px` },
        tokens(ctx, read),
        strip(ctx, run.e, "e_x W^e", t.embedding, "e_x W^e"), strip(ctx, run.h0, "h[0]", t.position, "h^{[0]} = e_x W^e + W^p"),
        run.blocks.flatMap((block, i) => [
          maps(ctx, block, i + 1),
          strip(ctx, block.a, `a[${i + 1}]`, t.heads, "a = [head_1 … head_H] W^O"),
          strip(ctx, block.xa, `h[${i}] + a[${i + 1}]`, t.residual, `h^{[${i}]} + a`),
          strip(ctx, block.n, `n[${i + 1}]`, t.norm, "n = LN_1(h + a)"),
          strip(ctx, block.m, `m[${i + 1}]`, t.mlp, "m = gelu(n W_1 + b_1) W_2 + b_2"),
          strip(ctx, block.nm, `n[${i + 1}] + m[${i + 1}]`, t.residual, "n + m"),
          strip(ctx, block.h, `h[${i + 1}]`, t.norm, `h^{[${i + 1}]} = LN_2(n + m)`),
        ]),
        strip(ctx, run.logits, "logits", "logits", "h^{[L]} W^L"), lens(ctx, body),
        h("div", { class: "stage" }, title(t.soft, "P(x) = softmax(h_T W^L)", names[at]),
          h("div", { class: "wide" }, bars(rowsOf(app, [softmax(row(run.logits, at))], at === T - 1 ? truth.next : null), ["pretrained", "truth"])))));
      light(stack, run.blocks[layer - 1].weights[head - 1], at);
    }
    return { node, update };
  },
};

/** What the mask does to the loss, in words. */
function maskLine({ t, data }, off, model, floor, before) {
  if (!off || !model.length) return t.masked;
  const known = floor.length === model.length ? nats(mean(floor)) : null;
  if (!data.cheat) return t.unmasked(nats(mean(model)), nats(mean(before)));
  return known ? t.cheats(nats(mean(model)), known, data.cheat.steps) : t.cheatsUnknown(nats(mean(model)), data.cheat.steps);
}

/** The tokens at the bottom; a click chooses one. */
function tokens({ app, names, at }, ids) {
  return h("div", { class: "stage" }, title(app.t.tokens, "x_1 … x_T", `(${ids.length})`), h("div", { class: "tokens" }, ids.map((id, i) =>
    h("button", {
      type: "button", "data-at": i, "aria-pressed": i === at ? "true" : "false", "aria-label": `${app.t.chosen}: ${names[i]}`,
      class: id >= app.tok.start && MARKERS.includes(app.tok.show(id)) ? "token marker" : "token", onclick: () => app.set({ at: i }),
    }, names[i]))));
}

/** What a stage is, its equation, its shape. */
const title = (what, formula, shape) => h("div", { class: "title" }, h("h3", {}, what, " ", h("small", {}, shape)), h("small", {}, equation(formula)));

/** A matrix (T, d) as a strip: a column a token. */
function strip({ app, names, w, T, at, tell }, m, name, what, formula) {
  const shape = `(${m.rows}, ${m.cols})`;
  return h("div", { class: "stage" }, title(what, formula, shape),
    heat(m, {
      width: T * w, height: STRIP, transposed: true, label: `${what}, ${name}, ${app.t.shape} ${shape}`, at: { x: at, y: 0 },
      tell: (x, y, value) => tell(`${name}, t = ${x} “${names[x]}”, i = ${y}: ${value.toFixed(4)} · ${app.t.shape} ${shape}`),
      onpick: (x) => app.set({ at: x }),
    }));
}

/** The heads of one layer as small maps; the chosen one of them large. */
function maps(ctx, block, layer) {
  const { app, names, T, at, tell } = ctx, { t } = app, shape = `(${T}, ${T})`;
  const small = Math.max(48, Math.min(110, Math.floor((T * ctx.w) / block.weights.length) - 12));
  const told = (i) => (x, y, value) => tell(`${t.headOf(i)}, ${t.layerOf(layer)}: “${names[y]}” → “${names[x]}”: ${share(value)} · ${t.shape} ${shape}`);
  const open = ctx.layer === layer, weights = block.weights[ctx.head - 1], size = Math.min(T * ctx.w, 440);
  return h("div", { class: "stage heads" }, title(`${t.layerOf(layer)}: ${t.attention}`, "softmax(q k^T / √d_k + mask)", `(${block.weights.length}, ${T}, ${T})`),
    h("div", {}, h("div", { class: "maps" }, block.weights.map((map, i) =>
      h("button", {
        type: "button", class: "map", "aria-pressed": open && ctx.head === i + 1 ? "true" : "false",
        "aria-label": `${t.headOf(i + 1)}, ${t.layerOf(layer)}`, onclick: () => app.set({ layer, head: i + 1 }),
      }, picture(map, small), h("small", {}, t.headOf(i + 1))))),
    open ? [
      named(heat(weights, { width: size, height: size, largest: 1, tell: told(ctx.head), label: t.looks(names[at], ctx.head, layer), at: { x: at, y: at }, onpick: (x, y) => app.set({ at: y }) }), names, size),
      h("p", { class: "sum" }, t.looks(names[at], ctx.head, layer), ": ",
        [...row(weights, at).keys()].filter((s) => weights.data[at * T + s] >= 0.05)
          .sort((a, b) => weights.data[at * T + b] - weights.data[at * T + a]).slice(0, 5)
          .map((s) => `${names[s]} ${share(weights.data[at * T + s])}`).join(", ")),
    ] : null));
}

/** A small map: no keys, no pointer; the button around it has them. */
function picture(map, size) {
  const canvas = heat(map, { width: size, height: size, largest: 1, tell() {}, label: "" });
  for (const name of ["tabindex", "role", "aria-label"]) canvas.removeAttribute(name);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** h[l] W^L for each layer, as if it were the last. */
function lens({ app, run, at, names }, body) {
  const { t } = app;
  const states = [run.h0, ...run.blocks.map((block) => block.h)];
  const likeliest = (state, i) => {
    const p = softmax(product(matrix(1, state.cols, row(state, i)), body.params.W_L).data);
    const best = p.indexOf(Math.max(...p));
    return h("td", { class: i === at ? "at" : null, title: share(p[best]), style: `--p:${p[best].toFixed(2)}` }, visible(app.tok.show(best)));
  };
  return h("div", { class: "stage" }, title(t.lens, "h^{[l]} W^L", ""),
    h("table", { class: "lens" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.layer), names.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, states.map((state, l) => h("tr", {}, h("th", { scope: "row" }, `h[${l}]`), names.map((_, i) => likeliest(state, i)))).reverse())));
}

/** The chosen token's row of the chosen head, as light on the tokens. */
function light(stack, weights, at) {
  stack.querySelectorAll("[data-at]").forEach((token, s) => token.style.setProperty("--look", weights.data[at * weights.cols + s].toFixed(3)));
}
