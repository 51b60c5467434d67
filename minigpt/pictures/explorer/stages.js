// The stages of one forward pass: strips of numbers, maps of who looks at whom, the tokens, the logit lens.

import { matrix, product, row, softmax } from "./gpt.js";
import { equation, h, heat, named, share } from "./dom.js";
import { visible } from "./reading.js";

const STRIP = 40; // pixels high: d_model numbers

/** One layer from the bottom up; of those that are not chosen, only who looks at whom and what comes out. */
export function stagesOf(ctx, block, l) {
  const { t } = ctx.app,
    all = l === ctx.layer;
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

/** The tokens, below and above all: whom one looks at lights up where it is pointed at; a click chooses it. */
export function tokens({ app, names, at, T, light }, ids) {
  return h(
    "div",
    { class: "stage" },
    title(app.t.tokens, "x_1 … x_T", `(${T})`),
    h(
      "div",
      { class: "tokens" },
      ids.map((id, i) =>
        h(
          "button",
          {
            type: "button",
            "data-at": i,
            "aria-pressed": i === at ? "true" : "false",
            "aria-label": `${app.t.chosen}${app.t.colon}${i} ${names[i]}`,
            class: id >= app.tok.start ? "token marker" : "token",
            onclick: () => app.set({ at: i }),
            onpointerenter: () => light(i),
            onpointerleave: () => light(at),
            onfocus: () => light(i),
            onblur: () => light(at),
          },
          names[i],
        ),
      ),
    ),
  );
}

/** What a stage is, its equation, its shape. */
export const title = (what, formula, shape) =>
  h("div", { class: "title" }, h("h3", {}, what, " ", h("small", {}, shape)), h("small", {}, equation(formula)));

/** A matrix (T, d) as a strip: a column a token. */
export function strip({ app, names, w, T, at, tell }, m, name, what, formula) {
  const shape = `(${m.rows}, ${m.cols})`;
  return h(
    "div",
    { class: "stage" },
    title(what, formula, shape),
    heat(m, {
      width: T * w,
      height: STRIP,
      transposed: true,
      label: `${what}, ${name}, ${app.t.shape} ${shape}`,
      at: { x: at, y: 0 },
      tell: (x, y, value) =>
        tell(`${name}, t = ${x} “${names[x]}”, i = ${y}: ${value.toFixed(4)} · ${app.t.shape} ${shape}`),
      onpick: (x) => app.set({ at: x }),
    }),
  );
}

/** The heads of one layer as small maps; the chosen one of them large. */
function maps(ctx, block, layer) {
  const { app, names, T, at, tell } = ctx,
    { t } = app,
    shape = `(${T}, ${T})`;
  const small = Math.max(40, Math.min(110, Math.floor((T * ctx.w) / block.weights.length) - 20));
  const told = (i) => (x, y, value) => (
    ctx.light(y),
    tell(
      `${t.headOf(i)}${t.comma}${t.layerOf(layer)}${t.colon}“${names[y]}” → “${names[x]}” ${share(value)} · ${t.shape} ${shape}`,
    )
  );
  const open = ctx.layer === layer,
    weights = block.weights[ctx.head - 1],
    size = Math.min(T * ctx.w, ctx.highest);
  const seen = [...row(weights, at).keys()]
    .filter((s) => weights.data[at * T + s] >= 0.05)
    .sort((a, b) => weights.data[at * T + b] - weights.data[at * T + a]);
  const large = () => [
    named(
      heat(weights, {
        width: size,
        height: size,
        tell: told(ctx.head),
        label: t.looks(names[at], ctx.head, layer),
        at: { x: at, y: at },
        onpick: (x, y) => app.set({ at: y }),
      }),
      names,
      size,
    ),
    h("p", { class: "hint" }, t.rowsLook),
    h(
      "p",
      { class: "hint" },
      t.looks(names[at], ctx.head, layer),
      t.colon,
      seen
        .slice(0, 5)
        .map((s) => `${names[s]} ${share(weights.data[at * T + s])}`)
        .join(t.comma),
    ),
  ];
  return h(
    "div",
    { class: "stage heads" },
    title(
      `${t.layerOf(layer)}${t.colon}${t.attention}`,
      ctx.off ? "softmax(q k^T / √d_k)" : "softmax(q k^T / √d_k + mask)",
      `(${block.weights.length}, ${T}, ${T})`,
    ),
    h(
      "div",
      {},
      h(
        "div",
        { class: "maps" },
        block.weights.map((map, i) =>
          h(
            "button",
            {
              type: "button",
              class: "map",
              "aria-pressed": open && ctx.head === i + 1 ? "true" : "false",
              "aria-label": `${t.headOf(i + 1)}${t.comma}${t.layerOf(layer)}`,
              onclick: () => app.set({ layer, head: i + 1 }),
            },
            picture(map, small),
            h("small", {}, t.headOf(i + 1)),
          ),
        ),
      ),
      open ? large() : null,
    ),
  );
}

/** A small map: no keys, no pointer; the button around it has them. */
function picture(map, size) {
  const canvas = heat(map, { width: size, height: size, tell() {}, label: "" });
  for (const name of ["tabindex", "role", "aria-label"]) canvas.removeAttribute(name);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** h[l] W^L for each layer, as if it were the last; its columns are those of the strips. */
export function lens({ app, run, at, T }, body) {
  const states = [run.h0, ...run.blocks.map((block) => block.h)];
  const likeliest = (state, i) => {
    const p = softmax(product(matrix(1, state.cols, row(state, i)), body.params.W_L).data),
      best = p.indexOf(Math.max(...p));
    return h(
      "td",
      {
        class: i === at ? "at" : null,
        title: `${app.tok.show(best)} ${share(p[best])}`,
        style: `--p:${p[best].toFixed(2)}`,
      },
      visible(app.tok.show(best)),
    );
  };
  return h(
    "div",
    { class: "stage" },
    title(app.t.lens, "h^{[l]} W^L", ""),
    h(
      "table",
      { class: "lens" },
      h(
        "tbody",
        {},
        states
          .map((state, l) =>
            h(
              "tr",
              {},
              Array.from({ length: T }, (_, i) => likeliest(state, i)),
              h("th", { scope: "row" }, equation(`h^{[${l}]}`)),
            ),
          )
          .reverse(),
      ),
    ),
  );
}
