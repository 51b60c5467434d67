"""Question 00.4: how many stories, by an experiment of one's own."""

from minigpt.grading import experiments
from minigpt.grading.personal import own_question

QUESTIONS = (
    own_question(
        "00.4",
        "stories_of_my_own",
        experiments.by_amount,
        predicted=[300, 0.2],
        other=[300, 0.3],
        impossible=[10, 0.2],
        default=[30, 0.0],
        verify="above_the_floor",
    ),
)
