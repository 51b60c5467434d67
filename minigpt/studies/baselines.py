"""The baselines a model has to beat: the majority, bags of words with linear models, and a rule that reads order.

The first two see which words occur, not in which order or role; where a task is won by words alone, they are hard to
beat. Each of these learns from the training examples and answers the test examples, with one fixed setting: nothing
is tuned.
"""

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from minigpt.answers import Options
from minigpt.data.world_words import LANGUAGES
from minigpt.formats import TASKS
from minigpt.support import words


def majority(train, test):
    """The training set's most frequent answer for every test example; for scores, their mean."""
    if "score" in train[0]:
        return [float(np.mean([e["score"] for e in train]))] * len(test)
    return [Counter(e["label"] for e in train).most_common(1)[0][0]] * len(test)


def latest(events, statement):
    """Whether a statement of the toy world is true by a rule that reads order and learns nothing.

    The rule: believe the latest place, or person, that the events name, whoever it belongs to.

    >>> latest("Paris welcomed the cat. Tokyo welcomed the dog", "Paris does not host the cat")
    True
    """
    said = statement.split()[0]
    sort = next(names for names in (LANGUAGES["en"]["place"], LANGUAGES["en"]["person"]) if said in names)
    named = [word for word in words.split(events) if word in sort]
    return (said == named[-1]) == ("not" not in statement)


def bag_of_words(task, train, test, longest=1):
    """TF-IDF and a linear model: logistic regression for labels and options, ridge regression for scores.

    With `longest=2` pairs of neighbouring words count too: a first bit of order.
    """
    terms = partial(n_grams, longest=longest)
    if Options in TASKS[task].kinds:
        return choose(train, test, terms)
    *before, last = TASKS[task].columns
    if not before:
        vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True)
        x_train = vectorizer.fit_transform(e[last] for e in train)
        x_test = vectorizer.transform(e[last] for e in test)
    else:
        pairs = [[(" ".join(e[column] for column in before), e[last]) for e in split] for split in (train, test)]
        x_train, x_test = pair_features(*pairs, terms)
    if "score" in train[0]:
        fitted = Ridge(alpha=1.0).fit(x_train, [e["score"] for e in train])
        return [float(y) for y in fitted.predict(x_test)]
    fitted = LogisticRegression(C=30, max_iter=2000).fit(x_train, [e["label"] for e in train])
    return list(fitted.predict(x_test))


def n_grams(text, longest):
    """Words in lower case; with `longest=2` also pairs of neighbours."""
    unigrams = words.split(text.lower())
    return unigrams + [f"{a} {b}" for a, b in pairwise(unigrams) if longest == 2]


def pair_terms(pair, terms):
    """The terms of each text, and the words that both have or only one has."""
    first, second = (set(words.split(text.lower())) for text in pair)
    sides = [f"{side}: {term}" for side, text in zip("ab", pair, strict=True) for term in terms(text)]
    shares = {"both": first & second, "only a": first - second, "only b": second - first}
    return sides + [f"{side}: {word}" for side, shared in shares.items() for word in sorted(shared)]


def overlap(pair, terms):
    """How much two texts share, from 0 to 1: of the first text's terms, of the second's, of both together."""
    first, second = (Counter(terms(text)) for text in pair)
    shared = (first & second).total()
    return [shared / max(1, n) for n in (first.total(), second.total(), (first | second).total())]


def pair_features(train, test, terms):
    """TF-IDF of `pair_terms`, and `overlap`, for pairs of texts."""
    vectorizer = TfidfVectorizer(analyzer=partial(pair_terms, terms=terms), sublinear_tf=True)
    tf_idf = vectorizer.fit_transform(train), vectorizer.transform(test)
    shared = [[overlap(pair, terms) for pair in pairs] for pairs in (train, test)]
    return [hstack(both).tocsr() for both in zip(tf_idf, shared, strict=True)]


def choose(train, test, terms):
    """Multiple choice: a logistic regression on each option's overlap with passage and question; the best one wins."""
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True)
    vectorizer.fit(text for e in train for text in (e["passage"], e["question"], *e["options"]))
    x_train = np.vstack(option_features(train, vectorizer, terms))
    right = [i == e["label"] for e in train for i in range(len(e["options"]))]
    scorer = LogisticRegression(C=30, max_iter=2000).fit(x_train, right)
    return [int(scorer.decision_function(x).argmax()) for x in option_features(test, vectorizer, terms)]


def option_features(examples, vectorizer, terms):
    """Each option's length, TF-IDF cosine and overlap with passage and question, less the mean over the options.

    Returns:
        an array (N, 9) for each example.
    """
    pairs = [(option, e["passage"], e["question"]) for e in examples for option in e["options"]]
    options, *contexts = (vectorizer.transform(column) for column in zip(*pairs, strict=True))
    cosines = np.hstack([np.asarray(options.multiply(context).sum(axis=1)) for context in contexts])  # (rows, 2)
    others = [
        [len(option) / 100, *overlap((passage, option), terms), *overlap((question, option), terms)]
        for option, passage, question in pairs
    ]
    ends = np.cumsum([len(e["options"]) for e in examples])[:-1]
    return [x - x.mean(axis=0) for x in np.split(np.hstack([cosines, others]), ends)]
