// What comes next: the model's distribution beside the true one, the loss so far, and writing on.

import { losses, row, softmax } from "./gpt.js";
import { draw, generator, probabilities } from "./sampling.js";
import { MARKERS } from "./tokenizer.js";
import { bars, equation, h, legend, nats } from "./dom.js";

const SHOWN = 12, SMALL = 0.005, MOST_NEW = 100;
const TRY = {
  en: ["Anna took the key.", "Anna took the key. The key is with", "Paris welcomed the cat. Off to Tokyo went the cat. The cat sleeps in", "Paris welcomed the cat. Tokyo hosts the cat. No,"],
  zh: ["小安拿了钥匙。", "小安拿了钥匙。钥匙在", "巴黎迎来了猫。去东京的是猫。猫睡在", "巴黎迎来了猫。东京有猫。不，"],
};
export const examplesOf = (app) => (app.world ? TRY[app.world.language] : [""]);
export const firstText = (app) => examplesOf(app)[0];

/** A box for a text, with texts to try. */
export function textBox(app, label) {
  const box = h("textarea", { id: "text", rows: 2, spellcheck: "false", autocomplete: "off", oninput: () => app.set({ text: box.value }) });
  const chips = examplesOf(app).filter(Boolean).map((text) =>
    h("button", { type: "button", class: "chip", onclick: () => app.set({ text, at: "" }) }, text));
  const node = h("div", { class: "text" }, h("label", { for: "text" }, label), box,
    chips.length ? h("p", { class: "chips" }, h("span", {}, `${app.t.examples}: `), chips) : null);
  return { node, fill: (text) => { if (box.value !== text) box.value = text; } };
}

/** Ids that the model reads of a text, and what there is to say about them. */
export function readText(app, text, nCtx) {
  const ids = [app.tok.start, ...app.tok.encode(text)], notes = [];
  const strange = app.world && app.tok.unknown != null
    ? app.world.split(text).filter((_, i) => ids[i + 1] === app.tok.unknown) : [];
  if (strange.length) notes.push(app.t.unknown([...new Set(strange)].slice(0, 8).join(" ")));
  if (ids.length > nCtx) notes.push(app.t.long(ids.length, nCtx));
  return { ids, read: ids.slice(-nCtx), notes };
}

/** The truth about a text, {next, losses}, as far as it is known; says why not. */
export function truthOf(app, text, notes) {
  if (!app.world) return { next: null, losses: [] };
  const words = app.world.split(text), known = app.world.nextWord(words), floor = app.world.losses(words);
  if (!known) notes.push(floor.length ? app.t.noStory(app.world.join(words.slice(0, floor.length))) : app.t.noStoryAtAll);
  return { next: known?.next ?? null, losses: floor };
}

/** Rows for `bars`: likely tokens first, small ones as "rest". */
export function rowsOf(app, columns, truth, pick, before) {
  const { tok, t } = app, name = (id) => tok.show(id);
  const shares = [...columns, truth && Float64Array.from({ length: tok.size }, (_, id) => truth.get(name(id)) ?? 0)].filter(Boolean);
  const weight = (id) => Math.max(...shares.map((p) => p[id]), before ? before[id] : 0);
  const ids = [...shares[0].keys()].filter((id) => weight(id) >= SMALL).sort((a, b) => weight(b) - weight(a) || a - b).slice(0, SHOWN);
  const rest = (p) => Math.max(0, 1 - ids.reduce((sum, id) => sum + p[id], 0));
  return [
    ...ids.map((id) => ({
      name: visible(name(id)), values: shares.map((p) => p[id]), before: before?.[id],
      title: pick ? t.goOn : null, onclick: pick ? () => pick(id) : null,
    })),
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
    const text = textBox(app, t.text);
    const slider = (name, label, attributes) => {
      const input = h("input", { id: name, type: "range", ...attributes, oninput: () => app.set({ [name]: input.value }) });
      const value = h("output", { for: name });
      return { node: h("div", { class: "control" }, h("label", { for: name }, label), input, value), fill: (v) => { input.value = v; value.textContent = v; } };
    };
    const t_ = slider("t", t.temperature, { min: 0, max: 2, step: 0.05 });
    const k = slider("k", t.topK, { min: 1, max: tok.size, step: 1 });
    const p = slider("p", t.topP, { min: 0.05, max: 1, step: 0.05 });
    const seed = h("input", { id: "seed", type: "number", min: 0, step: 1, oninput: () => app.set({ seed: seed.value }) });
    const notes = h("div", { class: "notes", "aria-live": "polite" });
    const strip = h("div"), chart = h("div"), summary = h("p", { class: "sum" });
    let writing = null;

    const put = (id) => app.set({ text: tok.decode([...tok.encode(app.state.text ?? firstText(app)), id]) });
    /** Draw one token and put it down; false where the story ends. */
    function step(now) {
      const n = now.ids.length, even = generator((Number(app.state.seed) || 0) * 1_000_003 + n)();
      const id = draw(now.drawn, even);
      if (id === tok.end) { notes.replaceChildren(h("p", { class: "note" }, t.ended)); return false; }
      put(id);
      return true;
    }
    async function write() {
      if (writing) return stop();
      const mine = (writing = {}), pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120;
      go.textContent = t.stop;
      for (let i = 0; i < MOST_NEW && writing === mine; i++) {
        await app.drawn;
        if (!node.isConnected || !step(latest)) break;
        await new Promise((done) => setTimeout(done, pause));
      }
      if (writing === mine) stop();
    }
    function stop() { writing = null; go.textContent = t.write; }
    const button = (label, onclick) => h("button", { type: "button", onclick }, label);
    const go = button(t.write, write);
    let latest = null;

    const node = h("section", { class: "next" },
      h("h2", {}, t.next), h("p", { class: "lead" }, equation(t.nextLead)),
      h("div", { class: "two" },
        h("div", {}, text.node,
          h("div", { class: "buttons" }, button(t.one, () => step(latest)), go, button(t.back, () => app.set({ text: tok.decode(tok.encode(app.state.text ?? firstText(app)).slice(0, -1)) })), button(t.clear, () => app.set({ text: "" }))),
          notes, h("h3", {}, t.lossTitle), strip, summary,
          h("fieldset", {}, h("legend", {}, t.controls), t_.node, k.node, p.node,
            h("div", { class: "control" }, h("label", { for: "seed" }, t.seed), seed))),
        h("div", {}, chart)));

    async function update(state, stale) {
      const told = state.text ?? firstText(app);
      const settings = { temperature: clamp(state.t, 0, 2, 1), topK: clamp(state.k, 1, tok.size, tok.size), topP: clamp(state.p, 0.05, 1, 1) };
      text.fill(told); t_.fill(settings.temperature); k.fill(settings.topK); p.fill(settings.topP);
      if (seed.value !== String(state.seed ?? 0)) seed.value = state.seed ?? 0;
      const body = await app.load(app.data.body);
      if (stale()) return;
      const { ids, read, notes: say } = readText(app, told, body.config.n_ctx);
      const { logits } = app.run(body, read), last = row(logits, read.length - 1);
      const plain = softmax(last), drawn = probabilities(last, settings), truth = truthOf(app, told, say);
      latest = { ids, drawn };
      const asIs = settings.temperature === 1 && settings.topK === tok.size && settings.topP === 1;
      const whole = ids.length === read.length;
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));
      strip.replaceChildren(lossStrip(app, read, losses(logits, read), whole ? truth.losses : []));
      summary.textContent = sumLine(app, losses(logits, read), whole ? truth.losses : []);
      chart.replaceChildren(
        legend([["pretrained", t.model], ...(asIs ? [] : [["cut", t.cutAway]]), ...(truth.next ? [["truth", t.truth]] : [])]),
        bars(rowsOf(app, [drawn], truth.next, (id) => (id === tok.end ? notes.replaceChildren(h("p", { class: "note" }, t.ended)) : put(id)), asIs ? null : plain), ["pretrained", "truth"]));
    }
    return { node, update };
  },
};

export function clamp(value, least, most, otherwise) {
  const number = Number.parseFloat(value);
  return Number.isFinite(number) ? Math.max(least, Math.min(most, number)) : otherwise;
}

export function sumLine({ t }, model, floor) {
  const total = (x) => nats(x.reduce((a, b) => a + b, 0));
  return model.length ? t.lossLine(total(model), floor.length === model.length ? total(floor) : null) : "";
}

/** Each token with its loss, and the true model's beside. */
function lossStrip(app, ids, model, floor) {
  const { t, tok } = app, largest = Math.max(2, ...model.filter(Number.isFinite), ...floor);
  const column = (kind, x) => h("i", { class: kind, style: `height:${(44 * Math.min(x, largest)) / largest}px` });
  return h("div", {},
    legend([["pretrained", t.model], ...(floor.length ? [["truth", t.floor]] : [])]),
    h("ol", { class: "strip", "aria-label": t.lossAlt }, ids.map((id, i) => {
      const marker = MARKERS.includes(tok.show(id)) && id >= tok.start;
      const says = i ? `x_${i} = ${tok.show(id)}: ${nats(model[i - 1])}` + (i <= floor.length ? `, ${t.floor} ${nats(floor[i - 1])}` : "") : MARKERS[0];
      return h("li", { title: says }, h("span", { class: "columns", "aria-hidden": "true" }, i ? column("pretrained", model[i - 1]) : null, i && i <= floor.length ? column("truth", floor[i - 1]) : null),
        h("span", { class: marker ? "token marker" : "token" }, visible(tok.show(id))),
        h("small", {}, i ? nats(model[i - 1]) : "\u00a0"));
    })));
}
