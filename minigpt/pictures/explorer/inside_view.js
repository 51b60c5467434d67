// Inside: one forward pass from the bottom up, every number with its name and shape; who looks at whom; the logit lens.

import { losses, row, softmax } from "./gpt.js";
import { bars, h, legend, nats } from "./dom.js";
import { clamp, firstText, readText, rowsOf, textBox, truthOf, visible } from "./reading.js";
import { lens, stagesOf, strip, title, tokens } from "./stages.js";

const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;

export const insideView = {
  fields: ["layer", "head", "at", "mask"],
  has: () => true,
  build(app) {
    const { t, data } = app,
      text = textBox(app, t.text);
    const mask = h("input", {
      type: "checkbox",
      id: "mask",
      onchange: () => app.set({ mask: mask.checked ? "" : "off" }),
    });
    const notes = h("div", { class: "notes", "aria-live": "polite" });
    const readout = h("p", { class: "readout" }, t.hoverHint),
      stack = h("div", { class: "stack" });
    const tell = (line) => (readout.textContent = line);
    const node = h(
      "section",
      { class: "inside" },
      h("h2", {}, t.inside),
      h("p", { class: "lead" }, t.insideLead),
      text.node,
      h("div", { class: "control" }, mask, h("label", { for: "mask" }, t.mask)),
      notes,
      stack,
      readout,
    );
    let width = 0,
      opened = false;
    new ResizeObserver(() => {
      if (width && Math.abs(stack.clientWidth - width) > 24) app.set({});
    }).observe(stack);

    async function update(state, stale) {
      const told = state.text ?? firstText(app),
        off = state.mask === "off";
      text.fill(told);
      mask.checked = !off;
      const honest = await app.load(data.body),
        body = off && data.cheat ? await app.load(data.cheat.model) : honest;
      if (stale()) return;
      const { config } = body,
        { read, before, notes: say } = readText(app, told, config.n_ctx);
      const truth = truthOf(app, told, say),
        run = app.run(body, read, !off),
        T = read.length;
      say.unshift(
        maskLine(
          app,
          off,
          losses(run.logits, read),
          before ? [] : truth.losses,
          losses(app.run(honest, read).logits, read),
        ),
      );
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));

      const whole = (value, least, most, otherwise) => Math.round(clamp(value, least, most, otherwise));
      const at = whole(state.at, 0, T - 1, T - 1),
        layer = whole(state.layer, 1, config.n_layer, config.n_layer);
      const head = whole(state.head, 1, config.n_head, 1),
        names = read.map((id) => visible(app.tok.show(id)));
      width = stack.clientWidth;
      const room = width || 360,
        side = room > 800 ? 300 : 20;
      const w = Math.max(20, Math.floor(Math.min(Math.max(60, 0.085 * room), (room - side) / T)));
      const look = run.blocks[layer - 1].weights[head - 1];
      /** Whom the token at `t` looks at, as light on the tokens. */
      const light = (t) =>
        stack
          .querySelectorAll("[data-at]")
          .forEach((token) =>
            token.style.setProperty("--look", look.data[t * T + Number(token.dataset.at)].toFixed(3)),
          );
      const highest = state.bare != null ? clamp(innerHeight - 210, 240, 460) : 460; // in a frame: all of a map
      const ctx = { app, run, names, w, T, at, layer, head, tell, light, off, highest };
      stack.replaceChildren(
        h(
          "div",
          { class: "tower", style: `--columns:${T};--w:${w}px` },
          tokens(ctx, read),
          strip(ctx, run.e, "e_x W^e", t.embedding, "e_x W^e"),
          strip(ctx, run.h0, "h[0]", t.position, "h^{[0]} = e_x W^e + W^p"),
          run.blocks.map((block, i) => stagesOf(ctx, block, i + 1)),
          strip(ctx, run.logits, "logits", "logits", "h^{[L]} W^L"),
          lens(ctx, body),
          h(
            "div",
            { class: "stage" },
            title(t.soft(names[at]), "P(x_{t+1}) = softmax(h_t W^L)", `(${app.tok.size})`),
            h(
              "div",
              { class: "wide" },
              legend([["pretrained", t.model], ...(at === T - 1 && truth.next ? [["truth", t.truth]] : [])]),
              bars(rowsOf(app, softmax(row(run.logits, at)), at === T - 1 ? truth.next : null), [
                "pretrained",
                "truth",
              ]),
            ),
          ),
          tokens(ctx, read),
        ),
      );
      light(at);
      const maps = stack.querySelector(".heads [aria-pressed='true']")?.closest(".stage");
      if (state.bare != null && state.layer && !opened) scrollTo(0, scrollY + maps.getBoundingClientRect().top - 8);
      opened = true; // what a reader chooses later does not move the page
    }
    return { node, update };
  },
};

/** What the mask does to the loss, in words. */
function maskLine({ t, data }, off, model, floor, before) {
  if (!off) return t.masked;
  if (!model.length) return t.maskOff;
  if (!data.cheat) return t.unmasked(nats(mean(model)), nats(mean(before)));
  const below = floor.length === model.length && mean(model) < mean(floor);
  return below
    ? t.cheats(nats(mean(model)), nats(mean(floor)), data.cheat.steps)
    : t.cheatsUnknown(nats(mean(model)), data.cheat.steps);
}
