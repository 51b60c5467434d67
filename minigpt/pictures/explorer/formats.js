// Equations (5) to (8) and the heads: texts to sequences, states at <e> to logits, logits to an answer.

import { forward, matrix, product, row, softmax } from "./gpt.js";

export const COLUMNS = {
  single_text: ["text"],
  entailment: ["premise", "hypothesis"],
  similarity: ["a", "b"],
  multiple_choice: ["passage", "question", "options"],
};

/** The parts of each sequence, as texts. */
function parts(task, example) {
  if (task === "similarity")
    return [
      [example.a, example.b],
      [example.b, example.a],
    ];
  if (task !== "multiple_choice") return [COLUMNS[task].map((column) => example[column])];
  return example.options.map((option) => [example.passage, example.question, option]);
}

/** Is a sequence longer than the model reads? */
export const isCut = (task, example, tok, nCtx) =>
  parts(task, example).some((texts) => texts.reduce((n, text) => n + tok.encode(text).length + 1, 1) > nCtx);

/** <s> part $ part <e>, each part as ids, cut so that all fit n_ctx: text gives way, never a marker. */
export function sequences(task, example, tok, nCtx) {
  const encoded = parts(task, example).map((texts) => texts.map(tok.encode));
  const groups = task === "multiple_choice" ? [encoded] : encoded.map((one) => [one]); // options are cut alike
  return groups.flatMap((group) => {
    const sizes = group[0].map((_, p) => Math.max(...group.map((texts) => texts[p].length)));
    const total = () => sizes.reduce((a, b) => a + b, 0) + sizes.length + 1;
    while (total() > nCtx) sizes[sizes.indexOf(Math.max(...sizes))]--;
    return group.map((texts) => {
      const kept = texts.map((ids, p) =>
        task === "multiple_choice" && p === 0 ? ids.slice(Math.max(0, ids.length - sizes[p])) : ids.slice(0, sizes[p]),
      );
      return [...kept.flatMap((ids, p) => [p ? tok.delimiter : tok.start, ...ids]), tok.end];
    });
  });
}

/** Eq. (3), with the sum of (7) and the softmax over the options of (8): {rows, states, logits, p, answer}. */
export function answer(model, task, labels, example, tok) {
  const rows = sequences(task, example, tok, model.config.n_ctx);
  const d = model.config.d_model,
    states = matrix(rows.length, d);
  rows.forEach((ids, s) => row(states, s).set(row(forward(model, ids).h, ids.length - 1)));
  let logits;
  if (task === "multiple_choice") {
    logits = product(states, model.params.W_y).data; // (N, 1): one score an option
  } else {
    const added = matrix(1, d);
    for (let s = 0; s < rows.length; s++) row(states, s).forEach((x, i) => (added.data[i] += x));
    logits = product(added, model.params.W_y).data; // (1, k)
  }
  const best = logits.indexOf(Math.max(...logits)); // an option's place, or a label's; a score has neither
  return { rows, states, logits, p: softmax(logits), answer: task === "multiple_choice" ? best : labels?.[best] };
}
