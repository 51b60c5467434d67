// What the views share: a box for a text, what the model reads of it, what is true about it, and rows of bars.

import { h, nats } from "./dom.js";

const SHOWN = 12,
  SMALL = 0.005; // tokens, and the share of the least
const TRY = {
  en: [
    "Anna took the key.",
    "Anna took the key. The key is with",
    "Paris welcomed the cat. Off to Tokyo went the cat. The cat sleeps in",
    "Paris welcomed the cat. Tokyo hosts the cat. No,",
  ],
  zh: ["小安拿了钥匙。", "小安拿了钥匙。钥匙在", "巴黎迎来了猫。去东京的是猫。猫睡在", "巴黎迎来了猫。东京有猫。不，"],
};
export const examplesOf = (app) => (app.world ? TRY[app.world.language] : [""]);
export const firstText = (app) => examplesOf(app)[0];

/** A box for a text, with texts to try and the words that the model knows. */
export function textBox(app, label, touched = () => {}) {
  const { t, tok } = app;
  const put = (text) => {
    touched();
    app.set({ text, at: "" });
  };
  const box = h("textarea", {
    id: "text",
    rows: 2,
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => put(box.value),
  });
  const chip = (name, onclick) => h("button", { type: "button", class: "chip", onclick }, name);
  const chips = app.world ? examplesOf(app).map((text) => chip(text, () => put(text))) : [];
  const words = app.world ? [...Array(tok.size).keys()].filter(tok.writable) : [];
  const node = h(
    "div",
    { class: "text" },
    h("label", { for: "text" }, label),
    box,
    chips.length ? h("p", { class: "chips" }, h("span", {}, t.examples + t.colon), chips) : null,
    words.length
      ? h(
          "details",
          {},
          h("summary", {}, t.vocabulary(words.length)),
          h(
            "p",
            { class: "chips" },
            words.map((id) => chip(tok.show(id), () => put(tok.append(box.value, [id])))),
          ),
        )
      : null,
  );
  return {
    node,
    fill: (text) => {
      if (box.value !== text) box.value = text;
    },
  };
}

const clipped = (word) => (word.length > 20 ? `${word.slice(0, 20)}…` : word);

/** The words of a text that the model does not know, in a line, or nothing. */
export function unknownWords(app, text) {
  const { tok, world } = app;
  if (!world || tok.unknown == null) return [];
  const ids = tok.encode(text),
    strange = world.split(text).filter((_, i) => ids[i] === tok.unknown);
  return strange.length ? [app.t.unknown([...new Set(strange.map(clipped))].slice(0, 8).join(" "))] : [];
}

/** Ids that the model reads of a text, how many it does not, and what there is to say. */
export function readText(app, text, nCtx) {
  const ids = [app.tok.start, ...app.tok.encode(text)],
    notes = unknownWords(app, text);
  if (ids.length > nCtx) notes.push(app.t.long(ids.length, nCtx));
  return { ids, read: ids.slice(-nCtx), before: Math.max(0, ids.length - nCtx), notes };
}

/** The truth about a text, {next, losses}, as far as it is known; says why not. */
export function truthOf(app, text, notes) {
  if (!app.world) return { next: null, losses: [] };
  const words = app.world.split(text),
    known = app.world.nextWord(words),
    floor = app.world.losses(words);
  if (!known)
    notes.push(floor.length ? app.t.noStory(app.world.join(words.slice(0, floor.length))) : app.t.noStoryAtAll);
  return { next: known?.next ?? null, losses: floor };
}

/** Rows for `bars`: the tokens that weigh most, by `weights` or by what is shown, and small ones as "rest". */
export function rowsOf(app, model, truth, { pick, before, weights } = {}) {
  const { tok, t } = app;
  const shares = [
    model,
    truth && Float64Array.from({ length: tok.size }, (_, id) => truth.get(tok.show(id)) ?? 0),
  ].filter(Boolean);
  const weight = (id) =>
    Math.max(...(weights ?? [...shares, before ?? []]).map((p) => p[id] ?? 0), shares[1]?.[id] ?? 0);
  const ids = [...shares[0].keys()]
    .filter((id) => weight(id) >= SMALL)
    .sort((a, b) => weight(b) - weight(a) || a - b)
    .slice(0, SHOWN);
  const rest = (p) => Math.max(0, 1 - ids.reduce((sum, id) => sum + p[id], 0));
  return [
    ...ids.map((id) => {
      const can = pick && (tok.writable(id) || id === tok.end);
      return {
        name: visible(tok.show(id)),
        values: shares.map((p) => p[id]),
        before: before?.[id],
        title: can ? t.goOn : null,
        onclick: can ? () => pick(id) : null,
      };
    }),
    { name: t.rest, values: shares.map(rest), before: before && rest(before) },
  ];
}

/** A token that can be seen: white space as signs. */
export const visible = (token) => token.replace(/ /g, "␣").replace(/\n/g, "⏎").replace(/\t/g, "⇥") || "∅";

export function clamp(value, least, most, otherwise) {
  const number = Number.parseFloat(value);
  return Number.isFinite(number) ? Math.max(least, Math.min(most, number)) : otherwise;
}

/** Eq. (1) of a text beside that of the true model; `before` tokens were not read. */
export function sumLine({ t }, model, floor, before = 0) {
  const total = (x) => x.reduce((a, b) => a + b, 0),
    known = model.length && floor.length === model.length;
  if (!model.length) return "";
  return t.lossLine(
    nats(total(model)),
    known ? nats(total(floor)) : null,
    known && total(model) < total(floor),
    before ? model.length : 0,
  );
}
