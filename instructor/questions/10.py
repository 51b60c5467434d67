"""Homework 10, multiple choice: eq. (8) for any number of options, a loss that compares two by two, and packed rows."""

import numpy as np

from minigpt.grading import fooling
from minigpt.grading.question import Program, Question, Wrong


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# --- 10.1 questions with different numbers of options -------------------------------------------------------------


def choice_inputs(rng):
    lengths = np.append(rng.integers(2, 6, size=rng.integers(2, 5)), [2, 3])  # never all alike
    return {
        "scores": 2 * rng.normal(size=lengths.sum()),
        "lengths": lengths,
        "labels": rng.integers(lengths),
    }


def per_question(scores, lengths):
    return np.split(scores, np.cumsum(lengths)[:-1])


def losses(scores, lengths, labels):
    return np.array([-log_softmax(z)[y] for z, y in zip(per_question(scores, lengths), labels, strict=True)])


def choice_loss(scores, lengths, labels):
    gradient = np.concatenate([np.exp(log_softmax(z)) for z in per_question(scores, lengths)])
    gradient[np.cumsum(lengths) - lengths + labels] -= 1
    return losses(scores, lengths, labels).mean(), gradient / len(lengths)


def mean_over_options(scores, lengths, labels):
    loss, gradient = choice_loss(scores, lengths, labels)
    return loss * len(lengths) / lengths.sum(), gradient * len(lengths) / lengths.sum()


def against_all_options(scores, lengths, labels):
    right = np.cumsum(lengths) - lengths + labels
    gradient = np.exp(log_softmax(scores))
    gradient -= np.bincount(right, minlength=len(scores)) / len(lengths)
    return -log_softmax(scores)[right].mean(), gradient


def labels_not_moved(scores, lengths, labels):
    loss, _ = choice_loss(scores, lengths, labels)
    gradient = np.concatenate([np.exp(log_softmax(z)) for z in per_question(scores, lengths)])
    np.subtract.at(gradient, labels, 1)
    return loss, gradient / len(lengths)


def summed_gradient(scores, lengths, labels):
    loss, gradient = choice_loss(scores, lengths, labels)
    return loss, gradient * len(lengths)


def choice_edges():
    """A single option; scores hundreds apart, with a question of one option among others."""
    far = np.array([0.0, -900.0, 2000.0, -400.0, 500.0, 500.0])
    one = {"scores": np.array([3.0]), "lengths": np.array([1]), "labels": np.array([0])}
    lengths = np.array([2, 1, 3], dtype=np.int32)
    return [one, {"scores": far, "lengths": lengths, "labels": np.array([1, 0, 2], dtype=np.int32)}]


CHOICE = Question(
    "10.1",
    "choice_loss",
    2,
    choice_inputs,
    choice_loss,
    (
        Wrong(mean_over_options, "a question with many options must not weigh the mean down: what do you divide by?"),
        Wrong(against_all_options, "what does your softmax run over? Add up P over one question's options"),
        Wrong(labels_not_moved, "the loss is right; add up your gradient over the options of each question"),
        Wrong(summed_gradient, "the loss is right; compare the gradient's size with finite differences of it"),
    ),
    choice_edges,
    n_cases=6,
)

# --- 10.2 two by two ----------------------------------------------------------------------------------------------


def ranking_inputs(rng):
    N, d = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    return {"h": rng.normal(size=(N, d)), "w": 2 * rng.normal(size=d), "y": int(rng.integers(N))}


def ranking(h, w, y, others, sign=1):
    """The mean over `others` of log(1 + e^-(z_y - z_i)), and its gradient at w."""
    apart = sign * (h[y] - h[others])  # (n, d)
    return np.logaddexp(0, -apart @ w).mean(), -(wrong_way(apart @ w)[:, None] * apart).mean(axis=0)


def wrong_way(difference):
    """1 / (1 + e^difference), which never overflows."""
    return np.exp(-np.logaddexp(0, difference))


def all_but(y, N):
    return np.arange(N) != y


def ranking_loss(h, w, y):
    return ranking(h, w, y, all_but(y, len(h)))


def with_itself(h, w, y):
    return ranking(h, w, y, np.ones(len(h), dtype=bool))


def other_way_round(h, w, y):
    return ranking(h, w, y, all_but(y, len(h)), sign=-1)


def summed(h, w, y):
    loss, gradient = ranking_loss(h, w, y)
    return loss * (len(h) - 1), gradient * (len(h) - 1)


def right_state_forgotten(h, w, y):
    others = all_but(y, len(h))
    loss, _ = ranking_loss(h, w, y)
    return loss, (wrong_way((h[y] - h[others]) @ w)[:, None] * h[others]).mean(axis=0)


def ranking_edges():
    """Two options; and differences of many hundreds, both ways."""
    far = {"h": np.array([[1.0, 2.0], [900.0, 0.0], [-900.0, 1.0]]), "w": np.array([1.0, -0.5])}
    return [{"h": np.array([[1.0], [0.5]]), "w": np.array([2.0]), "y": 1}, far | {"y": 0}, far | {"y": 2}]


RANKING = Question(
    "10.2",
    "ranking_loss",
    3,
    ranking_inputs,
    ranking_loss,
    (
        Wrong(with_itself, "is the right option compared with itself? Count your pairs"),
        Wrong(other_way_round, "raise the right option's score: the loss must fall"),
        Wrong(summed, "the text asks for the mean over the pairs"),
        Wrong(right_state_forgotten, "the loss is right; w acts on two states in each pair, what are they?"),
    ),
    ranking_edges,
    n_cases=7,
)

# --- 10.3 and 10.4 one passage, several questions, all their options in one row ---------------------------------------


def row_inputs(rng):
    Q = int(rng.integers(2, 4))
    return {
        "passage": int(rng.integers(2, 5)),
        "questions": rng.integers(2, 4, size=Q),
        "options": [rng.integers(2, 4, size=rng.integers(2, 4)) for _ in range(Q)],
    }


def tokens(passage, questions, options):
    """For each token of the row: its position, its question and its option; 0 where it belongs to none."""
    rows = [(place, 0, 0) for place in range(passage)]
    for q, (question, lengths) in enumerate(zip(questions, options, strict=True), start=1):
        rows += [(passage + n, q, 0) for n in range(question)]
        for o, length in enumerate(lengths, start=1):
            rows += [(passage + question + n, q, o) for n in range(length)]
    return np.array(rows).T


def ends(passage, questions, options):
    """The column of each option's last token."""
    last, at = [], passage
    for question, lengths in zip(questions, options, strict=True):
        last += list(at + question + np.cumsum(lengths) - 1)
        at += question + sum(lengths)
    return np.array(last)


def row_positions(passage, questions, options):
    return tokens(passage, questions, options)[0], ends(passage, questions, options)


def counted_on(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return np.arange(len(positions)), last


def behind_the_last_option(passage, questions, options):
    """The options of a question start alike, but the next question goes on where they ended."""
    positions, at = list(range(passage)), passage
    for question, lengths in zip(questions, options, strict=True):
        positions += range(at, at + question)
        for length in lengths:
            positions += range(at + question, at + question + length)
        at = positions[-1] + 1
    return np.array(positions), ends(passage, questions, options)


def last_as_position(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return positions, positions[last]


def one_behind(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return positions, last + 1


def row_edges():
    """Nothing but ones; one question with one option; options of one token and many."""
    rows = [(1, [1], [[1]]), (3, [2], [[4]]), (1, [1, 3, 1], [[1, 5], [1, 1, 1, 1], [2]])]
    return [
        {"passage": p, "questions": np.array(qs, dtype=np.int32), "options": [np.array(n) for n in options]}
        for p, qs, options in rows
    ]


ROW = Question(
    "10.3",
    "row_positions",
    2,
    row_inputs,
    row_positions,
    (
        Wrong(counted_on, "which position would the second option's first token have in a sequence of its own?"),
        Wrong(behind_the_last_option, "and the second question's first token: what would stand before it?"),
        Wrong(last_as_position, "the positions are right; `last` is to index the row: what stands at row[last]?"),
        Wrong(one_behind, "the positions are right; which token stands at row[last], counted as NumPy counts?"),
    ),
    row_edges,
    n_cases=8,
)


def visible(passage, questions, options, sees):
    """(T, T) by a rule `sees(q, o, q', o')`: may a token of question q, option o see one of q', o'? The future too."""
    _, q, o = tokens(passage, questions, options)
    return sees(q[:, None], o[:, None], q, o)


def past(passage, questions, options):
    return np.tri(tokens(passage, questions, options).shape[1], dtype=bool)  # of any type: a mask may be floats


def same_branch(q, o, q_key, o_key):
    return (q_key == 0) | ((q_key == q) & ((o_key == 0) | (o_key == o)))


def whole_question(q, o, q_key, o_key):
    return (q_key == 0) | (q_key == q)


def all_questions(q, o, q_key, o_key):
    return (o_key == 0) | ((q_key == q) & (o_key == o))


def row_mask(**row):
    return visible(**row, sees=same_branch) & past(**row)


MASK = Question(
    "10.4",
    "row_mask",
    3,
    row_inputs,
    row_mask,
    (
        Wrong(
            lambda **row: visible(**row, sees=whole_question) & past(**row),
            "does the second option of a question see the first?",
        ),
        Wrong(
            lambda **row: visible(**row, sees=all_questions) & past(**row),
            "does the second question see the text of the first?",
        ),
        Wrong(lambda **row: visible(**row, sees=same_branch), "does the passage's first token see its second?"),
        Wrong(
            lambda **row: row_mask(**row).T,
            "is a row of your mask the token that looks, or the token that is looked at?",
        ),
    ),
    row_edges,
    n_cases=8,
)

QUESTIONS = (CHOICE, RANKING, ROW, MASK)

# --- 10.5 twenty questions that fool word overlap -----------------------------------------------------------------

TELL = """
def tell(row):
    animals, things, names = ["cat", "dog"], ["ball", "key"], [["Paris", "Tokyo", "Cairo"], ["Anna", "Ben", "Clara"]]
    last, text = {}, []
    for subject, target, wording in np.reshape(row[:12], (4, 3)).tolist():
        if subject < 2:
            place, animal = names[0][target], animals[subject]
            said = [f"Off to {place} went the {animal}.", f"{place} welcomed the {animal}."]
        elif subject in last:
            giver, taker, thing = names[1][last[subject]], names[1][target], things[subject - 2]
            said = [f"{giver} gave {taker} the {thing}.", f"From {giver}, {taker} got the {thing}."]
        else:
            said = [f"{names[1][target]} {verb} the {things[subject - 2]}." for verb in ("took", "found")]
        last[subject] = target
        text.append(said[wording])
    asked = int(row[12])
    sort, what = asked // 2, (animals + things)[asked]
    options = [f"{name} {['hosts', 'has'][sort]} the {what}" for name in names[sort]]
    return " ".join(text), [f"Where is the {what}?", f"Who has the {what}?"][sort], options
"""
OVERLAP = """
def model(passage, question, options):
    weights = WEIGHTS
    seen = [word.strip(".,") for word in passage.split()]
    scores = [sum(weights.get(word, 0) * seen.count(word) for word in option.split()) for option in options]
    return scores.index(max(scores))
"""


def overlap_inputs(rng):
    names = ["Paris", "Tokyo", "Cairo", "Anna", "Ben", "Clara"]
    weights = dict(zip(names, rng.uniform(0.6, 1.6, len(names)).round(2).tolist(), strict=True))
    return {"model": Program(OVERLAP.replace("WEIGHTS", repr(weights)), "model"), "tell": Program(TELL, "tell")}


def rows_of_the_world():
    """Rows that happen, one after another: each with its answer."""
    rng = np.random.default_rng(0)
    while True:
        row, last, happens = rng.integers(0, [4, 3, 2] * 4 + [4]), {}, True
        for subject, target, _ in row[:12].reshape(4, 3).tolist():
            happens = happens and last.get(subject) != target
            last[subject] = target
        if happens and int(row[12]) in last:
            yield row, last[int(row[12])]


def chosen(model, tell, most, fooled=True):
    """Twenty rows, of each answer at most so many."""
    found = [{}, {}, {}]
    for row, label in rows_of_the_world():
        if len(found[label]) < most[label] and (not fooled or model(*tell(row)) != label):
            found[label][tuple(row)] = label
        if sum(map(len, found)) == 20:
            return np.array([row for rows in found for row in rows])


def fooling_questions(model, tell):
    return chosen(model, tell, (7, 7, 6))


def one_again_and_again(model, tell):
    return np.repeat(chosen(model, tell, (7, 7, 6))[:1], 20, axis=0)


def nothing_happens(model, tell):
    rows = chosen(model, tell, (7, 7, 6))
    rows[:, 3:5] = rows[:, :2]
    return rows


FOOL = Question(
    "10.5",
    "fooling_questions",
    3,
    overlap_inputs,
    fooling_questions,
    (
        Wrong(one_again_and_again, fooling.EQUAL),
        Wrong(nothing_happens, fooling.RULES),
        Wrong(lambda model, tell: chosen(model, tell, (7, 7, 6), fooled=False), fooling.NOT_FOOLED),
        Wrong(lambda model, tell: chosen(model, tell, (14, 4, 4)), fooling.UNBALANCED),
    ),
    n_cases=4,
    seconds=20,
    verify="fools_word_overlap",
)

QUESTIONS += (FOOL,)
