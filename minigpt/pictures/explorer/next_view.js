// What comes next: the model's distribution beside the true one, the loss so far, and writing on.

import { losses, row, softmax } from "./gpt.js";
import { draw, generator, probabilities } from "./sampling.js";
import { bars, equation, h, legend, nats } from "./dom.js";
import { clamp, firstText, readText, rowsOf, sumLine, textBox, truthOf, visible } from "./reading.js";

const MOST_NEW = 100; // tokens that are written on

export const nextView = {
  fields: ["t", "k", "p", "seed"],
  has: () => true,
  build(app) {
    const { t, tok } = app;
    const told = () => app.state.text ?? firstText(app);
    let writing = null;
    const text = textBox(app, t.text, stop);
    const slider = (name, label, attributes) => {
      const input = h("input", {
        id: name,
        type: "range",
        ...attributes,
        oninput: () => app.set({ [name]: input.value }),
      });
      const value = h("output", { for: name });
      return {
        node: h("div", { class: "control" }, h("label", { for: name }, label), input, value),
        fill: (v) => {
          input.value = v;
          value.textContent = v;
        },
      };
    };
    const sliders = {
      t: slider("t", t.temperature, { min: 0, max: 2, step: 0.05 }),
      k: slider("k", t.topK, { min: 1, max: tok.size, step: 1 }),
      p: slider("p", t.topP, { min: 0.05, max: 1, step: 0.05 }),
    };
    const seed = h("input", {
      id: "seed",
      type: "number",
      min: 0,
      step: 1,
      oninput: () => app.set({ seed: seed.value }),
    });
    const notes = h("div", { class: "notes", "aria-live": "polite" });
    const strip = h("div"),
      chart = h("div", { class: "chart" }),
      summary = h("p", { class: "sum" });
    const say = (lines) => notes.replaceChildren(...lines.map((line) => h("p", { class: "note" }, line)));
    const pick = (id) => (stop(), id === tok.end ? say([t.ended]) : app.set({ text: tok.append(told(), [id]) }));

    /** Draw a token and put it down, or as many as make a whole character; false where the story ends. */
    async function step() {
      const body = await app.load(app.data.body),
        ids = [tok.start, ...tok.encode(told())],
        fresh = [];
      do {
        const read = [...ids, ...fresh].slice(-body.config.n_ctx),
          { logits } = app.run(body, read);
        const p = probabilities(row(logits, read.length - 1), settingsOf(app)).map((x, id) =>
          tok.writable(id) || id === tok.end ? x : 0,
        );
        const even = generator((Number.parseInt(app.state.seed, 10) || 0) * 1_000_003 + ids.length + fresh.length)();
        const id = draw(p, even * p.reduce((a, b) => a + b, 0));
        if (id === tok.end) {
          say([t.ended]);
          return false;
        }
        fresh.push(id);
      } while (fresh.length < 4 && tok.decode(fresh).endsWith("\ufffd"));
      app.set({ text: tok.append(told(), fresh) });
      return true;
    }
    async function write() {
      if (writing) return stop();
      const mine = (writing = {}),
        pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120;
      go.textContent = t.stop;
      for (let i = 0; i < MOST_NEW && writing === mine && node.isConnected; i++) {
        if (!(await step())) break;
        await new Promise((done) => setTimeout(done, pause));
      }
      if (writing === mine) stop();
    }
    function stop() {
      writing = null;
      go.textContent = t.write;
    }
    const button = (label, onclick) => h("button", { type: "button", onclick }, label);
    const go = button(t.write, write);
    const put = (change) => () => {
      stop();
      app.set({ text: change(told()) });
    };

    const node = h(
      "section",
      { class: "next" },
      h("h2", {}, t.next),
      h("p", { class: "lead" }, equation(t.nextLead)),
      h(
        "div",
        { class: "two" },
        h(
          "div",
          {},
          text.node,
          h(
            "div",
            { class: "buttons" },
            button(t.one, () => {
              stop();
              step();
            }),
            go,
            button(t.back, put(tok.shorten)),
            button(
              t.clear,
              put(() => ""),
            ),
          ),
          notes,
        ),
        chart,
        h(
          "div",
          {},
          h("h3", {}, t.lossTitle),
          strip,
          summary,
          h(
            "fieldset",
            {},
            h("legend", {}, t.controls),
            Object.values(sliders).map((one) => one.node),
            h("div", { class: "control" }, h("label", { for: "seed" }, t.seed), seed),
            h("p", { class: "hint" }, t.seedHint),
          ),
        ),
      ),
    );

    async function update(state, stale) {
      const settings = settingsOf(app);
      node.classList.toggle("sampling", state.t != null);
      text.fill(told());
      sliders.t.fill(settings.temperature);
      sliders.k.fill(settings.topK);
      sliders.p.fill(settings.topP);
      if (Number.parseInt(seed.value, 10) !== (Number.parseInt(state.seed, 10) || 0))
        seed.value = Number.parseInt(state.seed, 10) || 0;
      const body = await app.load(app.data.body);
      if (stale()) return;
      const { read, before, notes: lines } = readText(app, told(), body.config.n_ctx);
      const { logits } = app.run(body, read),
        last = row(logits, read.length - 1);
      const plain = softmax(last),
        drawn = probabilities(last, settings),
        truth = truthOf(app, told(), lines);
      const asIs = settings.temperature === 1 && settings.topK === tok.size && settings.topP === 1;
      const model = losses(logits, read),
        floor = before ? [] : truth.losses;
      say(lines);
      strip.replaceChildren(lossStrip(app, read, before, model, floor));
      summary.textContent = sumLine(app, model, floor, before);
      chart.replaceChildren(
        legend([
          ["pretrained", t.model],
          ...(asIs ? [] : [["before", t.before]]),
          ...(truth.next ? [["truth", t.truth]] : []),
        ]),
        bars(rowsOf(app, drawn, truth.next, { pick, before: asIs ? null : plain }), ["pretrained", "truth"]),
      );
    }
    return { node, update };
  },
};

/** Temperature, top-k and top-p of the state, each within its bounds. */
function settingsOf({ state, tok }) {
  const rounded = (x) => Math.round(100 * x) / 100;
  return {
    temperature: rounded(clamp(state.t, 0, 2, 1)),
    topK: Math.round(clamp(state.k, 1, tok.size, tok.size)),
    topP: rounded(clamp(state.p, 0.05, 1, 1)),
  };
}

/** Each token with its loss, and the true model's beside; `before` tokens were not read. */
function lossStrip(app, ids, before, model, floor) {
  const { t, tok } = app,
    largest = Math.max(2, ...model.filter(Number.isFinite), ...floor);
  const column = (kind, x) => h("i", { class: kind, style: `height:${(44 * Math.min(x, largest)) / largest}px` });
  return h(
    "div",
    {},
    legend([["pretrained", t.model], ...(floor.length ? [["truth", t.floor]] : [])]),
    h(
      "ol",
      { class: "strip", "aria-label": t.lossAlt },
      ids.map((id, i) => {
        const name = visible(tok.show(id)),
          known = i > 0 && i <= floor.length;
        const says = i
          ? `x_${i + before} = ${name}${t.colon}${nats(model[i - 1])}` +
            (known ? `${t.comma}${t.floor} ${nats(floor[i - 1])}` : "")
          : name;
        return h(
          "li",
          { title: says },
          h(
            "span",
            { class: "columns", "aria-hidden": "true" },
            i ? column("pretrained", model[i - 1]) : null,
            known ? column("truth", floor[i - 1]) : null,
          ),
          h("span", { class: id >= tok.start ? "token marker" : "token" }, name),
          h("small", {}, i ? nats(model[i - 1]) : "\u00a0"),
        );
      }),
    ),
  );
}
