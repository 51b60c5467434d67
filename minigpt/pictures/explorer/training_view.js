// Training, played back: the loss curve over its floor, and the same text's distribution at a few steps.

import { losses, row, softmax } from "./gpt.js";
import { bars, curve, equation, h, legend } from "./dom.js";
import { firstText, readText, rowsOf, sumLine, textBox, truthOf } from "./reading.js";

export const trainingView = {
  fields: ["step"],
  has: (data) => data.snapshots.length > 0,
  build(app) {
    const { t, data } = app,
      text = textBox(app, t.text);
    const last = data.loss.at(-1)?.[0] ?? 0;
    const states = [
      ...data.snapshots.map((one) => ({ step: one.step, packed: one.model })),
      { step: last, packed: data.body },
    ];
    const slider = h("input", {
      id: "step",
      type: "range",
      min: 0,
      max: states.length - 1,
      step: 1,
      oninput: () => app.set({ step: states[slider.value].step }),
    });
    const now = h("output", { for: "step", class: "long" });
    const notes = h("div", { class: "notes", "aria-live": "polite" }),
      picture = h("div"),
      summary = h("p", { class: "sum" });
    const chart = h("div", { class: "chart" });
    const node = h(
      "section",
      { class: "training" },
      h("h2", {}, t.training),
      h("p", { class: "lead" }, equation(t.trainingLead)),
      h(
        "div",
        { class: "two" },
        h(
          "div",
          {},
          text.node,
          h("div", { class: "control" }, h("label", { for: "step" }, t.step), slider, now),
          notes,
        ),
        chart,
        h("div", {}, picture, summary),
      ),
    );

    async function update(state, stale) {
      const told = state.text ?? firstText(app),
        wanted = Number.parseInt(state.step ?? last, 10);
      const distance = (one) => Math.abs(one.step - wanted);
      const chosen = states.reduce((a, b) => (distance(b) < distance(a) ? b : a), states.at(-1)),
        at = states.indexOf(chosen);
      text.fill(told);
      slider.value = at;
      slider.setAttribute("aria-valuetext", (now.textContent = chosen.step ? t.afterStep(chosen.step) : t.beforeFirst));
      const bodies = await Promise.all(states.map((one) => app.load(one.packed)));
      if (stale()) return;
      const { read, before, notes: say } = readText(app, told, bodies[at].config.n_ctx),
        truth = truthOf(app, told, say);
      const runs = bodies.map((body) => app.run(body, read)),
        shares = runs.map(({ logits }) => softmax(row(logits, read.length - 1)));
      notes.replaceChildren(...say.map((line) => h("p", { class: "note" }, line)));
      if (data.loss.length)
        picture.replaceChildren(
          curve(data.loss, {
            floor: data.floor,
            stops: states.map((one) => one.step),
            at: chosen.step,
            width: picture.clientWidth,
            names: t,
          }),
        );
      summary.textContent = sumLine(app, losses(runs[at].logits, read), before ? [] : truth.losses, before);
      chart.replaceChildren(
        legend([["pretrained", t.model], ...(truth.next ? [["truth", t.truth]] : [])]),
        bars(rowsOf(app, shares[at], truth.next, { weights: shares.filter((_, i) => states[i].step) }), [
          "pretrained",
          "truth",
        ]),
      ); // the same rows at every step
    }
    return { node, update };
  },
};
