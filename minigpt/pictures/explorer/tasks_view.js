// Four tasks: texts become sequences, the state at <e> meets W^y, and two models answer beside the world's truth.

import { answer, COLUMNS, isCut } from "./formats.js";
import { equation, h } from "./dom.js";
import { unknownWords } from "./reading.js";
import { boxes, verdicts } from "./verdicts.js";

const MOST_OPTIONS = 5;

export const tasksView = {
  fields: ["x", "premise", "hypothesis", "a", "b", "passage", "question"],
  has: (data) => Object.keys(data.tasks).length > 0,
  build(app) {
    const { t, data } = app,
      node = h("section", { class: "tasks" });
    const inputs = new Map();
    let built = null,
      picked = 0;

    const example = (task, i) => data.examples[task]?.[i % data.examples[task].length] ?? {};
    const key = (column) => (column === "text" ? "x" : column); // in the state; `text` is the other views'
    /** The state's texts of a task; where it has none, the first example's. */
    function textsOf(state, task) {
      const given = COLUMNS[task].some((column) =>
        column === "options" ? state.options.length : state[key(column)] != null,
      );
      const from = given ? state : example(task, 0),
        options = [...(from.options ?? []), "", ""];
      const text = (column) => from[given ? key(column) : column] ?? "";
      return Object.fromEntries(
        COLUMNS[task].map((column) => [
          column,
          column === "options"
            ? options.slice(0, Math.max(2, Math.min(MOST_OPTIONS, options.length - 2)))
            : text(column),
        ]),
      );
    }
    const put = (task, texts) =>
      app.set({
        task,
        ...Object.fromEntries(COLUMNS[task].filter((c) => c !== "options").map((c) => [key(c), texts[c]])),
        options: texts.options ?? [],
      });
    const clear = Object.fromEntries(
      Object.values(COLUMNS)
        .flat()
        .map((column) => [key(column), undefined]),
    );
    /** A statement that is no option yet, or nothing. */
    const another = ({ question, options }) =>
      app.world?.answersTo(question).find((text) => !options.includes(text)) ?? "";

    function frame(task, n) {
      inputs.clear();
      const texts = () => textsOf(app.state, task);
      const box = (name, label, read, write) => {
        const area = h("textarea", {
          id: name,
          rows: 2,
          spellcheck: "false",
          oninput: () => put(task, write(area.value)),
        });
        inputs.set(name, [area, read]);
        return h("div", { class: `field ${name}` }, h("label", { for: name }, label), area);
      };
      const fields = COLUMNS[task]
        .filter((c) => c !== "options")
        .map((column) =>
          box(
            column,
            t.columns[column],
            (now) => now[column],
            (value) => ({ ...texts(), [column]: value }),
          ),
        );
      const optionBoxes =
        task === "multiple_choice"
          ? Array.from({ length: n }, (_, i) =>
              h(
                "div",
                { class: "option" },
                box(
                  `option${i}`,
                  `${t.option} ${i + 1}`,
                  (now) => now.options[i] ?? "",
                  (value) => ({ ...texts(), options: texts().options.with(i, value) }),
                ),
                n > 2
                  ? h(
                      "button",
                      {
                        type: "button",
                        "aria-label": `${t.removeOption} ${t.option} ${i + 1}`,
                        onclick: () => put(task, { ...texts(), options: texts().options.toSpliced(i, 1) }),
                      },
                      t.removeOption,
                    )
                  : null,
              ),
            )
          : [];
      const button = (label, onclick) => h("button", { type: "button", onclick }, label);
      const out = h("div", { class: "result", "aria-live": "polite" });
      node.replaceChildren(
        h("h2", {}, t.tasks),
        h("p", { class: "lead" }, equation(t.tasksLead)),
        h(
          "div",
          { class: "choices", role: "group", "aria-label": t.tasks },
          Object.keys(COLUMNS)
            .filter((name) => data.tasks[name])
            .map((name) =>
              h(
                "button",
                {
                  type: "button",
                  "data-task": name,
                  "aria-pressed": name === task ? "true" : "false",
                  onclick: () => app.set({ ...clear, task: name, options: [] }),
                },
                t[name],
              ),
            ),
        ),
        h("div", { class: "fields" }, fields, optionBoxes.length ? h("div", { class: "options" }, optionBoxes) : null),
        h(
          "div",
          { class: "buttons" },
          data.examples[task] ? button(t.another, () => put(task, example(task, ++picked))) : null,
          task === "similarity" ? button(t.swap, () => put(task, { a: texts().b, b: texts().a })) : null,
          task === "multiple_choice" && n < MOST_OPTIONS
            ? button(t.addOption, () => put(task, { ...texts(), options: [...texts().options, another(texts())] }))
            : null,
        ),
        out,
      );
      return out;
    }

    let out = null;
    async function update(state, stale) {
      const task = data.tasks[state.task] ? state.task : Object.keys(data.tasks)[0],
        texts = textsOf(state, task);
      app.state.task = task;
      const now = `${task} ${texts.options?.length}`;
      if (built !== now) [built, out] = [now, frame(task, texts.options?.length)];
      for (const [area, read] of inputs.values()) if (area.value !== read(texts)) area.value = read(texts);
      if (
        Object.values(texts)
          .flat()
          .some((text) => !text.trim())
      )
        return out.replaceChildren(h("p", { class: "note" }, t.empty));
      const arms = Object.entries(data.tasks[task]),
        answers = [];
      for (const [arm, { model, labels, scale }] of arms)
        answers.push([arm, labels, scale, answer(await app.load(model), task, labels, texts, app.tok)]);
      if (stale()) return;
      const nCtx = data.body.config.n_ctx,
        first = answers[0][3];
      out.replaceChildren(
        ...[
          isCut(task, texts, app.tok, nCtx) ? h("p", { class: "note" }, t.taskLong(nCtx)) : null,
          unknownWords(app, Object.values(texts).flat().join(" ")).map((line) => h("p", { class: "note" }, line)),
          h(
            "div",
            { class: "sequences" },
            first.rows.map((ids, s) => boxes(app, ids, first.states, s)),
          ),
          h(
            "p",
            { class: "sum" },
            equation(
              task === "similarity"
                ? "(h_{ab} + h_{ba}) W^y → softmax"
                : task === "multiple_choice"
                  ? "h_i W^y → softmax"
                  : "h W^y → softmax",
            ),
          ),
          verdicts(app, task, texts, answers),
        ]
          .flat()
          .filter(Boolean),
      );
    }
    return { node, update };
  },
};
