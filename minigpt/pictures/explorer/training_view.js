// Training, played back: the loss curve over its floor, and the same text's distribution at a few steps.

import { losses, row, softmax } from "./gpt.js";
import { bars, curve, h, legend } from "./dom.js";
import { firstText, readText, rowsOf, sumLine, textBox, truthOf } from "./next_view.js";

export const trainingView = {
  fields: ["step"],
  has: (data) => data.snapshots.length > 0,
  build(app) {
    const { t, data } = app, text = textBox(app, t.text);
    const last = data.loss.at(-1)?.[0] ?? 0;
    const states = [...data.snapshots.map((one) => ({ step: one.step, packed: one.model })), { step: last, packed: data.body }];
    const slider = h("input", { id: "step", type: "range", min: 0, max: states.length - 1, step: 1, oninput: () => app.set({ step: states[slider.value].step }) });
    const now = h("output", { for: "step" });
    const notes = h("div", { class: "notes", "aria-live": "polite" }), picture = h("div"), chart = h("div"), summary = h("p", { class: "sum" });
    const node = h("section", { class: "training" },
      h("h2", {}, t.training), h("p", { class: "lead" }, t.trainingLead),
      h("div", { class: "two" },
        h("div", {}, text.node, h("div", { class: "control" }, h("label", { for: "step" }, t.step), slider, now), notes, picture, summary),
        h("div", {}, chart)));

    async function update(state, stale) {
      const told = state.text ?? firstText(app), wanted = Number.parseInt(state.step ?? last, 10);
      const distance = (one) => Math.abs(one.step - wanted);
      const chosen = states.reduce((a, b) => (distance(b) < distance(a) ? b : a), states.at(-1));
      text.fill(told);
      slider.value = states.indexOf(chosen);
      slider.setAttribute("aria-valuetext", (now.textContent = chosen.step ? t.afterStep(chosen.step) : t.before));
      const body = await app.load(chosen.packed);
      if (stale()) return;
      const { ids, read, notes: say } = readText(app, told, body.config.n_ctx);
      const { logits } = app.run(body, read), truth = truthOf(app, told, say), p = softmax(row(logits, read.length - 1));
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));
      if (data.loss.length) picture.replaceChildren(curve(data.loss, { floor: data.floor, at: chosen.step, label: t.curveAlt, names: t }));
      summary.textContent = sumLine(app, losses(logits, read), ids.length === read.length ? truth.losses : []);
      chart.replaceChildren(legend([["pretrained", t.model], ...(truth.next ? [["truth", t.truth]] : [])]),
        bars(rowsOf(app, [p], truth.next), ["pretrained", "truth"]));
    }
    return { node, update };
  },
};
