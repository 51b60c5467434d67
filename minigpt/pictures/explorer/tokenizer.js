// Text to ids and back, at the levels "word", "char" and "bpe", as tokenizer.py and support/words.py do it.
// The markers <s>, $ and <e> are the three ids after the pieces; no typed text becomes one.

export const MARKERS = ["<s>", "$", "<e>"];
const HAN = "\\u3400-\\u9fff\\uf900-\\ufaff";
const LETTERS = `(?:(?![${HAN}])[\\p{L}\\p{N}_](?:(?=[\\u0300-\\ufe2f])\\p{M}|\\u200d)*)+`;
const WORD = new RegExp(`[${HAN}]|${LETTERS}(?:['’]${LETTERS})*|[^\\p{L}\\p{N}_\\s\\x1c-\\x1f\\x85]|\\ufeff`, "gu");
const CLOSING = ".,!?;:%)]}"; // no space before these
const TIGHT = new RegExp(`[${HAN}。，？！；：、“”（）]`); // no space around these
const GPT2 = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu; // where BPE never merges

export const splitWords = (text) => text.normalize("NFC").match(WORD) ?? [];

export const joinWords = (words) => words.reduce(joinWord, "");

function joinWord(text, word) {
  const tight = !text || CLOSING.includes(word) || TIGHT.test(word) || TIGHT.test(text.at(-1));
  return text + (tight ? "" : " ") + word;
}

/** What payload.py writes, {level, pieces, merges}, to a tokenizer. */
export function tokenizer({ level, pieces, merges }) {
  const idOf = new Map(pieces.map((piece, i) => [piece, i]));
  const [start, delimiter, end] = [0, 1, 2].map((i) => pieces.length + i);
  const bpe = level === "bpe" ? bytePairs(merges, idOf) : null;

  const encode = (text) => {
    if (bpe) return bpe.encode(text.toWellFormed());
    return (level === "word" ? splitWords(text) : Array.from(text)).map((piece) => idOf.get(piece) ?? 0);
  };
  const textOf = (ids) => {
    if (bpe) return bpe.decode(ids.map((id) => pieces[id]));
    return (level === "word" ? joinWords : (list) => list.join(""))(ids.map((id) => pieces[id]));
  };
  /** Ids to text; a marker stands by itself. */
  const decode = (ids) => {
    const runs = [[]];
    for (const id of ids) id < start ? runs.at(-1).push(id) : runs.push(id, []);
    return runs
      .map((run) => (Array.isArray(run) ? textOf(run) : MARKERS[run - start]))
      .filter(Boolean)
      .join(" ");
  };
  /** The text with one token more, or without its last: what stands there already stays as it was typed. */
  const append = (text, ids) => (level === "word" ? joinWord(text.trimEnd(), textOf(ids)) : text + textOf(ids));
  const shorten = (text) => {
    if (level === "word") return text.slice(0, [...text.matchAll(WORD)].at(-1)?.index ?? 0).trimEnd();
    return level === "char" ? Array.from(text).slice(0, -1).join("") : textOf(encode(text).slice(0, -1));
  };
  const unknown = level === "bpe" ? null : 0;
  const writable = (id) => id < start && id !== unknown; // neither a marker nor <unk>
  return {
    level,
    append,
    shorten,
    writable,
    size: pieces.length + 3,
    start,
    delimiter,
    end,
    unknown,
    encode,
    decode,
    show: (id) => decode([id]),
  };
}

/** Byte-pair encoding over UTF-8 bytes: in each run of letters, digits or signs, merge the pair that was learnt first. */
function bytePairs(merges, idOf) {
  const rank = new Map(merges.map(([a, b], i) => [`${a} ${b}`, i]));
  const letter = byteLetters(),
    byteOf = new Map(letter.map((c, byte) => [c, byte]));

  function merged(parts) {
    for (;;) {
      let best = Infinity,
        at = -1;
      for (let i = 0; i + 1 < parts.length; i++) {
        const r = rank.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity;
        if (r < best) [best, at] = [r, i];
      }
      if (at < 0) return parts;
      const [a, b] = [parts[at], parts[at + 1]],
        next = [];
      for (let i = 0; i < parts.length; i++) {
        if (parts[i] === a && parts[i + 1] === b) {
          next.push(a + b);
          i++;
        } else next.push(parts[i]);
      }
      parts = next;
    }
  }
  const bytes = new TextEncoder();
  return {
    encode: (text) =>
      (text.match(GPT2) ?? [])
        .flatMap((run) => merged(Array.from(bytes.encode(run), (byte) => letter[byte])))
        .map((piece) => idOf.get(piece)),
    decode: (pieces) => new TextDecoder().decode(Uint8Array.from(pieces.join(""), (c) => byteOf.get(c))),
  };
}

/** GPT-2's letter for each byte: itself where it can be seen, else the next free one from 256 on. */
function byteLetters() {
  let free = 256;
  const seen = (b) => (b > 32 && b < 127) || (b > 160 && b !== 173);
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(seen(b) ? b : free++));
}
