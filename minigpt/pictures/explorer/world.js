// What is true in the toy world, from the table that world_table.py wrote: the next word's distribution, the state.
// There is no second grammar here: the table lists, for each state, the sentences that may come next.

import { splitWords, joinWords } from "./tokenizer.js";

export const END = "<e>"; // stands for the end of the story
const begins = (words, of) => words.every((word, i) => i >= of.length || of[i] === word);

export function world(table) {
  const sentences = table.sentences.map(splitWords);
  const statements = new Map(table.statements.map(([text, ...rest]) => [splitWords(text).join(" "), rest]));
  const questions = new Map(table.questions.map(([text, slot]) => [splitWords(text).join(" "), slot]));
  const pContinue = (n) => (n < table.least ? 1 : (table.most - n) / (table.most - n + 1));

  /** Follow whole sentences from the beginning: the state after them, what is left, log P of them. */
  function follow(words) {
    let state = 0,
      n = 0,
      logP = 0,
      rest = words;
    for (;;) {
      const options = n < table.most ? table.options[state] : [];
      const fitting = options.filter(([s]) => begins(rest, sentences[s]));
      const whole = fitting.find(([s]) => sentences[s].length <= rest.length);
      if (!whole) return { state, n, logP, rest, fitting };
      logP += Math.log(pContinue(n) * table.probabilities[whole[1]]);
      [state, n, rest] = [whole[2], n + 1, rest.slice(sentences[whole[0]].length)];
    }
  }

  /** {next: Map from word (or END) to probability, logP: log P(words)}, or null where no story begins so. */
  function nextWord(words) {
    const { n, logP, rest, fitting } = follow(words);
    if (rest.length && !fitting.length) return null;
    const next = new Map(rest.length || n < table.least ? [] : [[END, 1 - pContinue(n)]]);
    for (const [s, p] of fitting) {
      const word = sentences[s][rest.length];
      next.set(word, (next.get(word) ?? 0) + pContinue(n) * table.probabilities[p]);
    }
    const begun = [...next.values()].reduce((a, b) => a + b, 0);
    next.forEach((p, word) => next.set(word, p / begun));
    return { next, logP: logP + Math.log(begun) };
  }

  /** -log P of each word given those before it, to the first word that no story goes on with. */
  function losses(words) {
    const logs = [0];
    for (let t = 1; t <= words.length; t++) {
      const known = nextWord(words.slice(0, t));
      if (!known) break;
      logs.push(known.logP);
    }
    return logs.slice(1).map((log, i) => logs[i] - log);
  }

  /** Whole sentences, then perhaps a statement: {state, statement}; null where the text is something else. */
  function read(text) {
    const { state, rest } = follow(splitWords(text));
    const statement = statements.get(rest.join(" ").replace(/ [.。]$/, ""));
    return rest.length && !statement ? null : { state, statement };
  }
  /** Is it so in this state? true, false, or null where the text has not said. */
  function holds(state, [slot, value, positive]) {
    const known = table.states[state][slot];
    return known === null ? null : (known === value) === positive;
  }

  const judge = {
    single_text({ text }) {
      const told = read(text);
      return told?.statement ? { true: "fits", false: "clashes" }[holds(told.state, told.statement)] : undefined;
    },
    entailment({ premise, hypothesis }) {
      const told = read(premise),
        statement = read(hypothesis)?.statement;
      if (!told || told.statement || !statement) return undefined;
      return { true: "entailment", false: "contradiction" }[holds(told.state, statement)];
    },
    similarity({ a, b }) {
      const [first, second] = [read(a), read(b)];
      if (!first?.statement || !second?.statement) return undefined;
      const agree = [holds(second.state, first.statement), holds(first.state, second.statement)];
      if (agree.includes(null)) return undefined;
      return agree.every(Boolean) ? "same" : "different";
    },
    multiple_choice({ passage, question, options }) {
      const told = read(passage),
        slot = questions.get(splitWords(question).join(" "));
      if (!told || told.statement || slot === undefined) return undefined;
      const right = options.map((option) => {
        const statement = read(option)?.statement;
        return statement?.[0] === slot && statement[2] && holds(told.state, statement) === true;
      });
      return right.filter(Boolean).length === 1 ? right.indexOf(true) : undefined;
    },
  };
  /** Every statement that could answer a question of (8). */
  function answersTo(question) {
    const slot = questions.get(splitWords(question).join(" "));
    return table.statements.filter(([, of, , positive]) => of === slot && positive).map(([text]) => text);
  }
  return { language: table.language, answersTo, nextWord, losses, judge, split: splitWords, join: joinWords };
}
