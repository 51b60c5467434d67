// What comes next: the model's distribution beside the true one, the loss so far, and writing on.

import { losses, row, softmax } from "./gpt.js";
import { draw, generator, probabilities } from "./sampling.js";
import { bars, equation, h, legend, nats } from "./dom.js";

const SHOWN = 12, SMALL = 0.005, MOST_NEW = 100;
const TRY = {
  en: ["Anna took the key.", "Anna took the key. The key is with", "Paris welcomed the cat. Off to Tokyo went the cat. The cat sleeps in", "Paris welcomed the cat. Tokyo hosts the cat. No,"],
  zh: ["小安拿了钥匙。", "小安拿了钥匙。钥匙在", "巴黎迎来了猫。去东京的是猫。猫睡在", "巴黎迎来了猫。东京有猫。不，"],
};
export const examplesOf = (app) => (app.world ? TRY[app.world.language] : [""]);
export const firstText = (app) => examplesOf(app)[0];

/** A box for a text, with texts to try and the words that the model knows. */
export function textBox(app, label, touched = () => {}) {
  const { t, tok } = app;
  const put = (text) => { touched(); app.set({ text, at: "" }); };
  const box = h("textarea", { id: "text", rows: 2, spellcheck: "false", autocomplete: "off", oninput: () => put(box.value) });
  const chip = (name, onclick) => h("button", { type: "button", class: "chip", onclick }, name);
  const chips = app.world ? examplesOf(app).map((text) => chip(text, () => put(text))) : [];
  const words = app.world ? [...Array(tok.size).keys()].filter(tok.writable) : [];
  const node = h("div", { class: "text" }, h("label", { for: "text" }, label), box,
    chips.length ? h("p", { class: "chips" }, h("span", {}, t.examples + t.colon), chips) : null,
    words.length ? h("details", {}, h("summary", {}, t.vocabulary(words.length)),
      h("p", { class: "chips" }, words.map((id) => chip(tok.show(id), () => put(tok.append(box.value, [id])))))) : null);
  return { node, fill: (text) => { if (box.value !== text) box.value = text; } };
}

const clipped = (word) => (word.length > 20 ? `${word.slice(0, 20)}…` : word);

/** The words of a text that the model does not know, in a line, or nothing. */
export function unknownWords(app, text) {
  const { tok, world } = app;
  if (!world || tok.unknown == null) return [];
  const ids = tok.encode(text), strange = world.split(text).filter((_, i) => ids[i] === tok.unknown);
  return strange.length ? [app.t.unknown([...new Set(strange.map(clipped))].slice(0, 8).join(" "))] : [];
}

/** Ids that the model reads of a text, how many it does not, and what there is to say. */
export function readText(app, text, nCtx) {
  const ids = [app.tok.start, ...app.tok.encode(text)], notes = unknownWords(app, text);
  if (ids.length > nCtx) notes.push(app.t.long(ids.length, nCtx));
  return { ids, read: ids.slice(-nCtx), before: Math.max(0, ids.length - nCtx), notes };
}

/** The truth about a text, {next, losses}, as far as it is known; says why not. */
export function truthOf(app, text, notes) {
  if (!app.world) return { next: null, losses: [] };
  const words = app.world.split(text), known = app.world.nextWord(words), floor = app.world.losses(words);
  if (!known) notes.push(floor.length ? app.t.noStory(app.world.join(words.slice(0, floor.length))) : app.t.noStoryAtAll);
  return { next: known?.next ?? null, losses: floor };
}

/** Rows for `bars`: the tokens that weigh most, by `weights` or by what is shown, and small ones as "rest". */
export function rowsOf(app, model, truth, { pick, before, weights } = {}) {
  const { tok, t } = app;
  const shares = [model, truth && Float64Array.from({ length: tok.size }, (_, id) => truth.get(tok.show(id)) ?? 0)].filter(Boolean);
  const weight = (id) => Math.max(...(weights ?? [...shares, before ?? []]).map((p) => p[id] ?? 0), shares[1]?.[id] ?? 0);
  const ids = [...shares[0].keys()].filter((id) => weight(id) >= SMALL).sort((a, b) => weight(b) - weight(a) || a - b).slice(0, SHOWN);
  const rest = (p) => Math.max(0, 1 - ids.reduce((sum, id) => sum + p[id], 0));
  return [
    ...ids.map((id) => {
      const can = pick && (tok.writable(id) || id === tok.end);
      return { name: visible(tok.show(id)), values: shares.map((p) => p[id]), before: before?.[id], title: can ? t.goOn : null, onclick: can ? () => pick(id) : null };
    }),
    { name: t.rest, values: shares.map(rest), before: before && rest(before) },
  ];
}

/** A token that can be seen: white space as signs. */
export const visible = (token) => token.replace(/ /g, "␣").replace(/\n/g, "⏎").replace(/\t/g, "⇥") || "∅";

export const nextView = {
  fields: ["t", "k", "p", "seed"],
  has: () => true,
  build(app) {
    const { t, tok } = app;
    const told = () => app.state.text ?? firstText(app);
    let writing = null;
    const text = textBox(app, t.text, stop);
    const slider = (name, label, attributes) => {
      const input = h("input", { id: name, type: "range", ...attributes, oninput: () => app.set({ [name]: input.value }) });
      const value = h("output", { for: name });
      return { node: h("div", { class: "control" }, h("label", { for: name }, label), input, value), fill: (v) => { input.value = v; value.textContent = v; } };
    };
    const sliders = {
      t: slider("t", t.temperature, { min: 0, max: 2, step: 0.05 }),
      k: slider("k", t.topK, { min: 1, max: tok.size, step: 1 }),
      p: slider("p", t.topP, { min: 0.05, max: 1, step: 0.05 }),
    };
    const seed = h("input", { id: "seed", type: "number", min: 0, step: 1, oninput: () => app.set({ seed: seed.value }) });
    const notes = h("div", { class: "notes", "aria-live": "polite" });
    const strip = h("div"), chart = h("div", { class: "chart" }), summary = h("p", { class: "sum" });
    const say = (lines) => notes.replaceChildren(...lines.map((line) => h("p", { class: "note" }, line)));
    const pick = (id) => (stop(), id === tok.end ? say([t.ended]) : app.set({ text: tok.append(told(), [id]) }));

    /** Draw a token and put it down, or as many as make a whole character; false where the story ends. */
    async function step() {
      const body = await app.load(app.data.body), ids = [tok.start, ...tok.encode(told())], fresh = [];
      do {
        const read = [...ids, ...fresh].slice(-body.config.n_ctx), { logits } = app.run(body, read);
        const p = probabilities(row(logits, read.length - 1), settingsOf(app)).map((x, id) => (tok.writable(id) || id === tok.end ? x : 0));
        const even = generator((Number.parseInt(app.state.seed, 10) || 0) * 1_000_003 + ids.length + fresh.length)();
        const id = draw(p, even * p.reduce((a, b) => a + b, 0));
        if (id === tok.end) { say([t.ended]); return false; }
        fresh.push(id);
      } while (fresh.length < 4 && tok.decode(fresh).endsWith("\ufffd"));
      app.set({ text: tok.append(told(), fresh) });
      return true;
    }
    async function write() {
      if (writing) return stop();
      const mine = (writing = {}), pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120;
      go.textContent = t.stop;
      for (let i = 0; i < MOST_NEW && writing === mine && node.isConnected; i++) {
        if (!(await step())) break;
        await new Promise((done) => setTimeout(done, pause));
      }
      if (writing === mine) stop();
    }
    function stop() { writing = null; go.textContent = t.write; }
    const button = (label, onclick) => h("button", { type: "button", onclick }, label);
    const go = button(t.write, write);
    const put = (change) => () => { stop(); app.set({ text: change(told()) }); };

    const node = h("section", { class: "next" },
      h("h2", {}, t.next), h("p", { class: "lead" }, equation(t.nextLead)),
      h("div", { class: "two" },
        h("div", {}, text.node,
          h("div", { class: "buttons" }, button(t.one, () => { stop(); step(); }), go, button(t.back, put(tok.shorten)), button(t.clear, put(() => ""))),
          notes),
        chart,
        h("div", {}, h("h3", {}, t.lossTitle), strip, summary,
          h("fieldset", {}, h("legend", {}, t.controls), Object.values(sliders).map((one) => one.node),
            h("div", { class: "control" }, h("label", { for: "seed" }, t.seed), seed), h("p", { class: "hint" }, t.seedHint)))));

    async function update(state, stale) {
      const settings = settingsOf(app);
      text.fill(told());
      sliders.t.fill(settings.temperature); sliders.k.fill(settings.topK); sliders.p.fill(settings.topP);
      if (Number.parseInt(seed.value, 10) !== (Number.parseInt(state.seed, 10) || 0)) seed.value = Number.parseInt(state.seed, 10) || 0;
      const body = await app.load(app.data.body);
      if (stale()) return;
      const { read, before, notes: lines } = readText(app, told(), body.config.n_ctx);
      const { logits } = app.run(body, read), last = row(logits, read.length - 1);
      const plain = softmax(last), drawn = probabilities(last, settings), truth = truthOf(app, told(), lines);
      const asIs = settings.temperature === 1 && settings.topK === tok.size && settings.topP === 1;
      const model = losses(logits, read), floor = before ? [] : truth.losses;
      say(lines);
      strip.replaceChildren(lossStrip(app, read, before, model, floor));
      summary.textContent = sumLine(app, model, floor, before);
      chart.replaceChildren(
        legend([["pretrained", t.model], ...(asIs ? [] : [["before", t.before]]), ...(truth.next ? [["truth", t.truth]] : [])]),
        bars(rowsOf(app, drawn, truth.next, { pick, before: asIs ? null : plain }), ["pretrained", "truth"]));
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

export function clamp(value, least, most, otherwise) {
  const number = Number.parseFloat(value);
  return Number.isFinite(number) ? Math.max(least, Math.min(most, number)) : otherwise;
}

/** Eq. (1) of a text beside that of the true model; `before` tokens were not read. */
export function sumLine({ t }, model, floor, before = 0) {
  const total = (x) => x.reduce((a, b) => a + b, 0), known = model.length && floor.length === model.length;
  if (!model.length) return "";
  return t.lossLine(nats(total(model)), known ? nats(total(floor)) : null, known && total(model) < total(floor), before ? model.length : 0);
}

/** Each token with its loss, and the true model's beside; `before` tokens were not read. */
function lossStrip(app, ids, before, model, floor) {
  const { t, tok } = app, largest = Math.max(2, ...model.filter(Number.isFinite), ...floor);
  const column = (kind, x) => h("i", { class: kind, style: `height:${(44 * Math.min(x, largest)) / largest}px` });
  return h("div", {},
    legend([["pretrained", t.model], ...(floor.length ? [["truth", t.floor]] : [])]),
    h("ol", { class: "strip", "aria-label": t.lossAlt }, ids.map((id, i) => {
      const name = visible(tok.show(id)), known = i > 0 && i <= floor.length;
      const says = i ? `x_${i + before} = ${name}${t.colon}${nats(model[i - 1])}` + (known ? `${t.comma}${t.floor} ${nats(floor[i - 1])}` : "") : name;
      return h("li", { title: says },
        h("span", { class: "columns", "aria-hidden": "true" }, i ? column("pretrained", model[i - 1]) : null, known ? column("truth", floor[i - 1]) : null),
        h("span", { class: id >= tok.start ? "token marker" : "token" }, name),
        h("small", {}, i ? nats(model[i - 1]) : "\u00a0"));
    })));
}
