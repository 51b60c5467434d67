"""What the main job reads, how large its model is, and on which tasks: the toy world's setting, and that of real text.

The toy world has three texts. Plain stories tell events, describe, and claim; a wrong claim is put right. "Without
statements" only events and descriptions are left, and nothing in them is ever judged. "With questions" there are
questions and their answers too, two thirds of them "statement? True." or "False.": nearly the tasks themselves.
"""

from dataclasses import dataclass, field

from minigpt.data import gutenberg, world, world_tasks
from minigpt.data.real import read_task
from minigpt.data.world_grammar import PLAIN, WITH_QUESTIONS, WITHOUT_STATEMENTS
from minigpt.finetune import FinetuneConfig
from minigpt.formats import texts_of
from minigpt.model import GPTConfig
from minigpt.studies.minimal_pairs import read_pairs
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig

FRESH = 1_000_000  # added to a seed for test data
# Whose examples come in twos: a statement and its negation, a sentence of BLiMP and its wrong twin.
TWINS = ("single_text", "entailment", "acceptability")


@dataclass(frozen=True)
class TaskData:
    """One row of the table: a task of `formats.TASKS`, its examples, and how to fine-tune on them.

    `groups` tells how many neighbours of the test stand or fall together, see `metrics.paired`.
    """

    task: str
    train: list
    test: list
    recipe: FinetuneConfig
    groups: int = 1


@dataclass(frozen=True)
class Corpus:
    """Text to pre-train on, fresh text of the same kind, and the exact floor of that where it is known."""

    texts: list
    fresh: list
    floor: float | None = None


@dataclass(frozen=True)
class Setting:
    """What to read, how large a model, which tasks: {row of the table: TaskData}.

    `others` are further arms, {name: Corpus}, each a body that is pre-trained in the same way on another text.
    Of `pairs` of sentences eq. (1) is asked which is likelier; it answers tasks with options, too, without labels.
    `minutes` of pre-training take the place of its number of steps, see `budget.py`.
    `snapshots` are the steps at which pre-training is kept for the explorer, which then gets a body without mask too.
    """

    corpus: Corpus
    level: str
    vocab_size: int
    sizes: dict
    pretraining: TrainConfig
    tasks: dict
    others: dict = field(default_factory=dict)
    dropout: float = 0.0  # in pre-training; fine-tuning has 0.1
    minutes: float | None = None
    pairs: list = field(default_factory=list)
    snapshots: tuple = ()

    def tokenizer(self):
        """One vocabulary for all arms, with the words of all texts."""
        texts = [text for corpus in (self.corpus, *self.others.values()) for text in corpus.texts]
        return Tokenizer.train(texts, self.vocab_size, self.level)

    def config(self, tok):
        return GPTConfig(vocab_size=tok.vocab_size, **self.sizes, dropout=self.dropout)


def toy(seed, language="en"):
    """The toy world: 500 labels and 1,000 other test examples a task, and the exact floor of eq. (1)."""
    recipe = FinetuneConfig(
        epochs=10, batch_size=16, lr=5e-4, warmup=0.1, seed=seed
    )  # the paper's 0.002 of the steps is less than one
    tasks = {}
    for task in world_tasks.TASKS:
        train = world_tasks.examples(task, 500, seed, language)
        test = world_tasks.examples(task, 1_000, seed + FRESH, language, without=train)
        tasks[task] = TaskData(task, train, test, recipe, 2 if task in TWINS else 1)
    return Setting(
        toy_corpus(seed, language, PLAIN), level="word", vocab_size=100,
        sizes={"n_ctx": 88, "n_layer": 3, "n_head": 4, "d_model": 96},
        pretraining=TrainConfig(steps=4_000, batch_size=24, lr=2e-3, beta2=0.98, seed=seed),
        tasks=tasks,
        others={
            "without statements": toy_corpus(seed, language, WITHOUT_STATEMENTS),
            "with questions": toy_corpus(seed, language, WITH_QUESTIONS),
        },
        snapshots=(0, 100, 300, 1_000),
    )  # fmt: skip


def toy_corpus(seed, language, kinds):
    """Fresh stories are drawn like those of pre-training. The shortest, which are likely, come again by chance."""
    fresh = world.stories(2_000, seed + FRESH, language, kinds)
    return Corpus(world.stories(60_000, seed, language, kinds), fresh, world.floor(fresh, language, kinds))


REAL = {  # language, data set: task, epochs
    "en": {
        "trec": ("single_text", 6),
        "acceptability": ("single_text", 4),
        "sick-entailment": ("entailment", 6),
        "sick-relatedness": ("similarity", 6),
        "dream": ("multiple_choice", 1),
        "next-sentence": ("multiple_choice", 1),
    },
    "zh": {"waimai": ("single_text", 3), "ocnli": ("entailment", 3), "c3": ("multiple_choice", 1)},
}
# Whose texts are read too, without labels: not those of acceptability, of which half are wrong. The dev of TREC and
# waimai is ours, cut from their training files, and not needed here; so is OCNLI's, which is left out.
READ = {
    "en": {"trec": ("train", "dev"), "sick-entailment": ("train",), "dream": ("train",)},
    "zh": {"waimai": ("train", "dev"), "ocnli": ("train",), "c3": ("train",)},
}
OFTEN = 10  # times that the tasks' own text stands among the English books, which are twenty times as long
LONGEST = {"en": 900, "zh": 250}  # characters of a page, about 250 tokens
MINUTES = 25  # of pre-training


def books(part):
    """The pages of all books of a part, see `gutenberg.py`."""
    return [page for name in gutenberg.names(part) for page in gutenberg.pages(gutenberg.read_book(name))]


def own_text(read, language="en"):
    """The texts of the splits {data set: splits}, each once and without its label, as pages."""
    rows = [row for name, splits in read.items() for split in splits for row in read_task(name, split)]
    return gutenberg.pages(unlabelled(rows), LONGEST[language])


def unlabelled(examples):
    """The texts of labelled examples, each once."""
    return list(dict.fromkeys(texts_of(examples)))


def real(seed, minutes=MINUTES, language="en"):
    """Real text and real tasks: in English 47 books and some tasks' own text are read; in Chinese the tasks' own alone.

    What was chosen on dev, and how: docs/results.md. Fresh text is that of four other books; in Chinese of C3's dev
    passages, which no other split has.
    """
    texts, tasks = own_text(READ[language], language), {}
    for name, (task, epochs) in REAL[language].items():
        train = [row for split in READ[language].get(name, ("train",)) for row in read_task(name, split)]
        parts = 4 if task == "multiple_choice" else 1  # 32 examples of long options at once would take 7 GB
        recipe = FinetuneConfig(epochs=epochs, lr=5e-4, accumulate=parts, seed=seed)
        tasks[name] = TaskData(task, train, read_task(name, "test"), recipe, 2 if name in TWINS else 1)
    if language == "en":
        corpus, pairs, dropout = Corpus(books("text") + OFTEN * texts, books("test")), read_pairs(100), 0.0
    else:  # read about six times in 25 minutes: with dropout it is learnt less by heart
        corpus, pairs, dropout = Corpus(texts, own_text({"c3": ("dev",)}, language)), [], 0.1
    return Setting(
        corpus, level="bpe", vocab_size=4_000,
        sizes={"n_ctx": 256, "n_layer": 4, "n_head": 4, "d_model": 192},
        pretraining=TrainConfig(steps=1, batch_size=4, lr=1e-3, beta2=0.98, seed=seed),
        dropout=dropout, minutes=minutes, tasks=tasks, pairs=pairs,
    )  # fmt: skip
