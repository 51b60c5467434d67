"""What tests an answer where many are right: it computes none, and says what is wrong with this one.

    VERIFY[name](arguments, parts, student)  ->  None, or (what is wrong, a hint)

`arguments` are a case's, `parts` the results as float arrays, which may hold anything; `student` is an id or None.
The student's own check asks here, and so does the grade, in its clean process.
"""

from minigpt.grading import experiments, fooling, repair

VERIFY = {
    "fools_a_bag_of_words": fooling.fools_a_bag_of_words,
    "fools_word_overlap": fooling.fools_word_overlap,
    "trains": repair.trains,
    "finetunes": repair.finetunes,
    "above_the_floor": experiments.above_the_floor,
    "heads_off": experiments.heads_off,
    "scratch": experiments.scratch,
}
