// A task's sequences as boxes, and both models' answers beside what is true.

import { bars, h, heat, legend } from "./dom.js";
import { visible } from "./reading.js";

/** One sequence as boxes, its markers ringed, and the state at <e> below. */
export function boxes(app, ids, states, s) {
  const { t, tok } = app;
  const state = { rows: 1, cols: states.cols, data: states.data.subarray(s * states.cols, (s + 1) * states.cols) };
  const line = h("small", { class: "hint" });
  return h(
    "div",
    { class: "sequence" },
    h(
      "p",
      {},
      ids.map((id) =>
        h(
          "span",
          { class: `token${id >= tok.start ? " marker" : ""}${id === tok.end ? " end" : ""}` },
          visible(tok.show(id)),
        ),
      ),
    ),
    h(
      "div",
      { class: "state" },
      h("small", {}, `${t.state} (${states.cols}) `),
      heat(state, {
        width: 240,
        height: 16,
        label: t.state,
        tell: (x, _, value) => (line.textContent = `h_${x} = ${value.toFixed(4)}`),
      }),
      line,
    ),
  );
}

/** Each label or option with both models' shares, and what is true. */
export function verdicts(app, task, texts, answers) {
  const { t } = app,
    truth = app.world?.judge[task](texts),
    [, labels, scale] = answers[0];
  if (scale)
    return h(
      "p",
      { class: "verdict" },
      answers.map(([arm, , [mean, std], found]) => `${t[arm]}${t.colon}${(found.logits[0] * std + mean).toFixed(2)} `),
    );
  const names = task === "multiple_choice" ? texts.options.map((option, i) => `${i + 1} ${option}`) : labels;
  const label = (i) => (Object.hasOwn(t.labels, names[i]) ? t.labels[names[i]] : names[i]); // our labels are translated;
  const right = task === "multiple_choice" ? truth : labels.indexOf(truth);
  const known = truth !== undefined;
  return h(
    "div",
    { class: "verdict" },
    legend(answers.map(([arm]) => [arm, t[arm]])),
    bars(
      names.map((_, i) => ({ name: label(i), values: answers.map(([, , , found]) => found.p[i]) })),
      answers.map(([arm]) => arm),
      { marked: known ? label(right) : null },
    ),
    h(
      "p",
      { class: "truth" },
      known ? `${t.worldSays}${t.colon}${label(right)}` : app.world ? t.worldSilent : t.foreign,
    ),
    known
      ? h(
          "ul",
          { class: "marks" },
          answers.map(([arm, , , found]) => {
            const said = task === "multiple_choice" ? found.answer : labels.indexOf(found.answer);
            return h(
              "li",
              {},
              `${t[arm]}${t.colon}${label(said)}${t.comma}${said === right ? `✓ ${t.right}` : `✗ ${t.wrong}`}`,
            );
          }),
        )
      : null,
  );
}
