"""`minigpt pretrain` on more text than memory should hold: encoded once into --out/corpus, and read from there."""

import os
import time
from pathlib import Path

LARGE = 20_000_000  # bytes of text
UNPACKED = 4  # times its size in .gz, about
VALID = 1_000_000  # characters of --valid that are measured, at most
FRESH = 2_000  # sequences that are measured, at most


def is_large(paths):
    """Is this text for the road of this module: a folder, rows of a table, .zst, or more than LARGE bytes?"""
    paths = [Path(path) for path in paths]
    if any(p.is_dir() or p.name.lower().endswith((".zst", ".jsonl", ".jsonl.gz", ".parquet")) for p in paths):
        return True
    sizes = [p.stat().st_size * (UNPACKED if p.suffix.lower() == ".gz" else 1) for p in paths if p.exists()]
    return sum(sizes) > LARGE


def road(args, say):
    """The tokenizer, the sequences to train on and those to measure on; the first process makes them, others wait."""
    from minigpt.data import corpus
    from minigpt.data.token_file import KEPT_BACK, Sequences
    from minigpt.tokenizer import Tokenizer
    from minigpt.train import documents

    folder = Path(args.out) / "corpus"
    if os.environ.get("RANK", "0") == "0":
        prepare(args.text, folder, args.vocab_size, args.level, args.column, not args.valid, say)
    while not (folder / "card.json").exists():  # another process is at it: torchrun ends this one if that fails
        time.sleep(1)
    tok = Tokenizer.load(folder)
    sequences = Sequences(folder, args.n_ctx, "all" if args.valid else "train")
    say(f"corpus: {sequences.card['documents']:,} documents, {sequences.card['tokens']:,} tokens in {folder}")
    if args.valid:
        texts, every = corpus.sample(corpus.documents(corpus.files(args.valid), args.column), VALID)
        fresh = documents(texts, tok, args.n_ctx)
        say(f"valid: {len(texts):,} documents of {', '.join(args.valid)}" + nth(every))
    else:
        fresh = Sequences(folder, args.n_ctx, "fresh")
        say(f"valid: every {KEPT_BACK}th document is not trained on, but kept to measure the loss on")
    every = max(1, -(-len(fresh) // FRESH))
    fresh = fresh[::every]
    say(f"valid: {len(fresh):,} sequences are measured{nth(every)}")
    return tok, sequences, fresh


def nth(every):
    return f", one of every {every}" if every > 1 else ""


def prepare(paths, folder, vocab_size, level="bpe", column="text", kept_back=True, say=print):
    """Encode text into the token file `folder`, or go on with that; nothing is done where it is whole already.

    Args:
        paths: files and folders, see `data/corpus.py`.
        kept_back: no 20th document is among those that the vocabulary is learnt from: it will not be trained on.
    Raises:
        InputError: if the text cannot be read, or `folder` was made of other text or in another way.
    """
    from minigpt.data import corpus, inputs
    from minigpt.fast.encode import SHARD, encode, tidy
    from minigpt.support.files import read_json, write_json

    card, begun, files = folder / "card.json", folder / "shards" / "card.json", corpus.files(paths)
    about = next((read_json(path) for path in (card, begun) if path.exists()), None)
    now = {"files": inputs.fingerprints(files, about["files"] if about else ())}
    now["asked"] = {"vocab_size": vocab_size, "level": level, "column": column, "kept_back": kept_back}
    if about:
        inputs.refuse_others(about, now, folder)
    say(f"text: {sum(row['bytes'] for row in now['files']) / 1e6:,.1f} MB in {len(files):,} files, as ids in {folder}")
    if card.exists():
        return tidy(folder)
    if not about:
        about = now | learn(corpus.documents(files, column), folder, vocab_size, level, kept_back, say)
        write_json(begun, about)
    encode(corpus.documents(files, column), folder, about, n_shards=-(-about["characters"] // SHARD))


def learn(texts, folder, vocab_size, level, kept_back, say):
    """Learn the vocabulary from a sample of a stream of texts, and save it; returns what the card says of both."""
    from minigpt.data.corpus import sample
    from minigpt.data.token_file import KEPT_BACK
    from minigpt.tokenizer import Tokenizer

    characters = 0

    def counted():
        nonlocal characters
        for i, text in enumerate(texts, start=1):
            characters += len(text)
            if not kept_back or i % KEPT_BACK:
                yield text

    texts_of_sample, every = sample(counted())
    Tokenizer.train(texts_of_sample, vocab_size, level).save(folder)
    about = {"documents": len(texts_of_sample), "characters": sum(map(len, texts_of_sample)), "every": every}
    say(
        f"tokenizer: learnt from {about['characters']:,} of {characters:,} characters, {about['documents']:,} documents"
        + nth(every)
    )
    return {"characters": characters, "sample": about}
