// Inside: one forward pass from the bottom up, every number with its name and shape; who looks at whom; the logit lens.

import { losses, matrix, product, row, softmax } from "./gpt.js";
import { bars, equation, h, heat, legend, named, nats, share } from "./dom.js";
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
    const readout = h("p", { class: "readout" }, t.hoverHint), stack = h("div", { class: "stack" });
    const tell = (line) => (readout.textContent = line);
    const node = h("section", { class: "inside" },
      h("h2", {}, t.inside), h("p", { class: "lead" }, t.insideLead), text.node,
      h("div", { class: "control" }, mask, h("label", { for: "mask" }, t.mask)), notes, stack, readout);
    let width = 0;
    new ResizeObserver(() => { if (width && Math.abs(stack.clientWidth - width) > 24) app.set({}); }).observe(stack);

    async function update(state, stale) {
      const told = state.text ?? firstText(app), off = state.mask === "off";
      text.fill(told);
      mask.checked = !off;
      const honest = await app.load(data.body), body = off && data.cheat ? await app.load(data.cheat.model) : honest;
      if (stale()) return;
      const { config } = body, { read, before, notes: say } = readText(app, told, config.n_ctx);
      const truth = truthOf(app, told, say), run = app.run(body, read, !off), T = read.length;
      say.unshift(maskLine(app, off, losses(run.logits, read), before ? [] : truth.losses, losses(app.run(honest, read).logits, read)));
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));

      const whole = (value, least, most, otherwise) => Math.round(clamp(value, least, most, otherwise));
      const at = whole(state.at, 0, T - 1, T - 1), layer = whole(state.layer, 1, config.n_layer, config.n_layer);
      const head = whole(state.head, 1, config.n_head, 1), names = read.map((id) => visible(app.tok.show(id)));
      width = stack.clientWidth;
      const room = width || 360, side = room > 800 ? 300 : 20;
      const w = Math.max(20, Math.floor(Math.min(Math.max(60, 0.085 * room), (room - side) / T)));
      const look = run.blocks[layer - 1].weights[head - 1];
      /** Whom the token at `t` looks at, as light on the tokens. */
      const light = (t) => stack.querySelectorAll("[data-at]").forEach((token) =>
        token.style.setProperty("--look", look.data[t * T + Number(token.dataset.at)].toFixed(3)));
      const ctx = { app, run, names, w, T, at, layer, head, tell, light, off };
      stack.replaceChildren(h("div", { class: "tower", style: `--columns:${T};--w:${w}px` },
        tokens(ctx, read),
        strip(ctx, run.e, "e_x W^e", t.embedding, "e_x W^e"), strip(ctx, run.h0, "h[0]", t.position, "h^{[0]} = e_x W^e + W^p"),
        run.blocks.map((block, i) => stagesOf(ctx, block, i + 1)),
        strip(ctx, run.logits, "logits", "logits", "h^{[L]} W^L"), lens(ctx, body),
        h("div", { class: "stage" }, title(t.soft(names[at]), "P(x_{t+1}) = softmax(h_t W^L)", `(${app.tok.size})`),
          h("div", { class: "wide" }, legend([["pretrained", t.model], ...(at === T - 1 && truth.next ? [["truth", t.truth]] : [])]),
            bars(rowsOf(app, softmax(row(run.logits, at)), at === T - 1 ? truth.next : null), ["pretrained", "truth"]))),
        tokens(ctx, read)));
      light(at);
    }
    return { node, update };
  },
};

/** One layer from the bottom up; of those that are not chosen, only who looks at whom and what comes out. */
function stagesOf(ctx, block, l) {
  const { t } = ctx.app, all = l === ctx.layer;
  return [
    maps(ctx, block, l),
    all && [
      strip(ctx, block.a, `a[${l}]`, t.heads, "a = [head_1 … head_H] W^O"),
      strip(ctx, block.xa, `h[${l - 1}] + a[${l}]`, t.residual, `h^{[${l - 1}]} + a`),
      strip(ctx, block.n, `n[${l}]`, t.norm, "n = LN_1(h + a)"),
      strip(ctx, block.m, `m[${l}]`, t.mlp, "m = gelu(n W_1 + b_1) W_2 + b_2"),
      strip(ctx, block.nm, `n[${l}] + m[${l}]`, t.residual, "n + m"),
    ],
    strip(ctx, block.h, `h[${l}]`, t.norm, `h^{[${l}]} = LN_2(n + m)`),
  ];
}

/** What the mask does to the loss, in words. */
function maskLine({ t, data }, off, model, floor, before) {
  if (!off) return t.masked;
  if (!model.length) return t.maskOff;
  if (!data.cheat) return t.unmasked(nats(mean(model)), nats(mean(before)));
  const below = floor.length === model.length && mean(model) < mean(floor);
  return below ? t.cheats(nats(mean(model)), nats(mean(floor)), data.cheat.steps) : t.cheatsUnknown(nats(mean(model)), data.cheat.steps);
}

/** The tokens, below and above all: whom one looks at lights up where it is pointed at; a click chooses it. */
function tokens({ app, names, at, T, light }, ids) {
  return h("div", { class: "stage" }, title(app.t.tokens, "x_1 … x_T", `(${T})`), h("div", { class: "tokens" }, ids.map((id, i) =>
    h("button", {
      type: "button", "data-at": i, "aria-pressed": i === at ? "true" : "false", "aria-label": `${app.t.chosen}${app.t.colon}${i} ${names[i]}`,
      class: id >= app.tok.start ? "token marker" : "token", onclick: () => app.set({ at: i }),
      onpointerenter: () => light(i), onpointerleave: () => light(at), onfocus: () => light(i), onblur: () => light(at),
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
  const small = Math.max(40, Math.min(110, Math.floor((T * ctx.w) / block.weights.length) - 20));
  const told = (i) => (x, y, value) => (ctx.light(y), tell(`${t.headOf(i)}${t.comma}${t.layerOf(layer)}${t.colon}“${names[y]}” → “${names[x]}” ${share(value)} · ${t.shape} ${shape}`));
  const open = ctx.layer === layer, weights = block.weights[ctx.head - 1], size = Math.min(T * ctx.w, 460);
  const seen = [...row(weights, at).keys()].filter((s) => weights.data[at * T + s] >= 0.05).sort((a, b) => weights.data[at * T + b] - weights.data[at * T + a]);
  const large = () => [
    named(heat(weights, { width: size, height: size, tell: told(ctx.head), label: t.looks(names[at], ctx.head, layer), at: { x: at, y: at }, onpick: (x, y) => app.set({ at: y }) }), names, size),
    h("p", { class: "hint" }, t.rowsLook),
    h("p", { class: "hint" }, t.looks(names[at], ctx.head, layer), t.colon, seen.slice(0, 5).map((s) => `${names[s]} ${share(weights.data[at * T + s])}`).join(t.comma)),
  ];
  return h("div", { class: "stage heads" }, title(`${t.layerOf(layer)}${t.colon}${t.attention}`, ctx.off ? "softmax(q k^T / √d_k)" : "softmax(q k^T / √d_k + mask)", `(${block.weights.length}, ${T}, ${T})`),
    h("div", {}, h("div", { class: "maps" }, block.weights.map((map, i) =>
      h("button", {
        type: "button", class: "map", "aria-pressed": open && ctx.head === i + 1 ? "true" : "false",
        "aria-label": `${t.headOf(i + 1)}${t.comma}${t.layerOf(layer)}`, onclick: () => app.set({ layer, head: i + 1 }),
      }, picture(map, small), h("small", {}, t.headOf(i + 1))))),
    open ? large() : null));
}

/** A small map: no keys, no pointer; the button around it has them. */
function picture(map, size) {
  const canvas = heat(map, { width: size, height: size, tell() {}, label: "" });
  for (const name of ["tabindex", "role", "aria-label"]) canvas.removeAttribute(name);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** h[l] W^L for each layer, as if it were the last; its columns are those of the strips. */
function lens({ app, run, at, T }, body) {
  const states = [run.h0, ...run.blocks.map((block) => block.h)];
  const likeliest = (state, i) => {
    const p = softmax(product(matrix(1, state.cols, row(state, i)), body.params.W_L).data), best = p.indexOf(Math.max(...p));
    return h("td", { class: i === at ? "at" : null, title: `${app.tok.show(best)} ${share(p[best])}`, style: `--p:${p[best].toFixed(2)}` }, visible(app.tok.show(best)));
  };
  return h("div", { class: "stage" }, title(app.t.lens, "h^{[l]} W^L", ""),
    h("table", { class: "lens" }, h("tbody", {}, states.map((state, l) =>
      h("tr", {}, Array.from({ length: T }, (_, i) => likeliest(state, i)), h("th", { scope: "row" }, equation(`h^{[${l}]}`)))).reverse())));
}
