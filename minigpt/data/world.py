"""The toy world: people, places and things, in sentences whose probability is known exactly.

    P(story) = prod_{i=1..n} P(go on | i - 1) P(sentence_i | state_{i-1})  *  P(end | n)

A story is a walk through states (which animal is where, who has what, as far as the text says): events, and sentences
that describe or claim what is so now. `world_grammar.sentences(state)` lists every sentence that may come next with its
probability. In no state one of them is the beginning of another, so a text has one derivation; its log probability is
a sum, and the true distribution of the next word is a sum over the sentences that fit so far. No model that has not
seen the very text beats that floor of eq. (1) on average. `kinds` says what a text may hold: `PLAIN` stories have no
question.
"""

import math
import random
from collections import defaultdict
from functools import cache
from itertools import accumulate

from minigpt.data.world_grammar import PLAIN, State, sentences
from minigpt.data.world_words import LANGUAGES
from minigpt.support import words
from minigpt.support.errors import InputError

LEAST, MOST = 3, 7  # a story's number of sentences is uniform between these
END = "<e>"  # stands for the end of the story in next_word


def walk(rng, n_sentences, language="en", kinds=PLAIN):
    """Draw the sentences of a story from the empty state; `rng` is a `random.Random`."""
    state, story = State(), []
    for _ in range(n_sentences):
        options, cumulative = cumulated(state, language, kinds)
        story += rng.choices(options, cum_weights=cumulative)
        state = story[-1].state
    return story


@cache
def cumulated(state, language, kinds):
    options = sentences(state, language, kinds)
    return options, list(accumulate(s.probability for s in options))


def joined(sentences, language):
    """Sentences as one text: a space between them in English, none in Chinese."""
    return LANGUAGES[language]["space"].join(sentences)


def stories(n, seed, language="en", kinds=PLAIN):
    """Draw `n` stories, the text of pre-training.

    >>> stories(1, seed=0) == stories(2, seed=0)[:1]
    True
    """
    if language not in LANGUAGES:
        raise InputError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    rng = random.Random(f"stories {seed}")
    drawn = (walk(rng, rng.randint(LEAST, MOST), language, kinds) for _ in range(n))
    return [joined((s.text for s in story), language) for story in drawn]


# --- exact probabilities ------------------------------------------------------------------------------------


@cache
def cut_sentences(state, language, kinds):
    return [(words.split(s.text), s.probability, s.state) for s in sentences(state, language, kinds)]


def p_continue(n_before):
    """P(another sentence | n_before so far), their number being uniform from LEAST to MOST.

    >>> p_continue(2), p_continue(3), p_continue(7)
    (1.0, 0.8, 0.0)
    """
    return 1.0 if n_before < LEAST else (MOST - n_before) / (MOST - n_before + 1)


def next_word(prefix, language="en", kinds=PLAIN):
    """The true distribution of the word after the words `prefix`, and log P(prefix).

    Returns:
        dict from word (or END) to probability, and the natural logarithm of P(prefix).
    Raises:
        InputError: if no story of this world begins with `prefix`.

    >>> distribution, log_p = next_word(["Anna", "took", "the"])
    >>> sorted(distribution), round(sum(distribution.values()), 9)
    (['ball', 'key'], 1.0)
    """
    state, n_before, log_p, rest = State(), 0, 0.0, list(prefix)
    while True:
        fitting = [  # the words, probability and next state of each sentence that fits what is left
            (sentence, p_continue(n_before) * probability, after)
            for sentence, probability, after in cut_sentences(state, language, kinds)
            if sentence[: len(rest)] == rest[: len(sentence)] and n_before < MOST
        ]
        whole = [option for option in fitting if len(option[0]) <= len(rest)]
        if not whole:
            break
        sentence, probability, state = whole[0]  # the only one: none is the beginning of another
        n_before, log_p, rest = n_before + 1, log_p + math.log(probability), rest[len(sentence) :]
    if rest and not fitting:
        raise InputError(
            f"no story of the {language} world goes on with {words.join(rest)!r} after {n_before} sentences"
        )
    distribution = defaultdict(float, {} if rest or n_before < LEAST else {END: 1 - p_continue(n_before)})
    for sentence, probability, _ in fitting:
        distribution[sentence[len(rest)]] += probability
    begun = sum(distribution.values())  # P(the unfinished sentence begins like this); 1 between sentences
    return {word: p / begun for word, p in distribution.items()}, log_p + math.log(begun)


def log_probability(story, language="en", kinds=PLAIN):
    """log P(story), its end included: minus the floor of eq. (1) for this text."""
    distribution, log_p = next_word(words.split(story), language, kinds)
    if END not in distribution:
        raise InputError(f"{story!r} is not a whole story of the {language} world")
    return log_p + math.log(distribution[END])


def floor(texts, language="en", kinds=PLAIN):
    """Nats per token (a word, or the end) of the true model on `texts`: on average no model is below it."""
    return -sum(log_probability(t, language, kinds) for t in texts) / sum(len(words.split(t)) + 1 for t in texts)
