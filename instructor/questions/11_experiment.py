"""Question 11.5: which part of the body matters, on stories of one's own."""

from minigpt.grading import experiments
from minigpt.grading.personal import own_question

QUESTIONS = (
    own_question(
        "11.5",
        "parts_of_my_own",
        experiments.parts_anew,
        predicted=[0, 6.0],
        other=[1, 6.0],
        impossible=[4, 6.0],
        default=[1, 0.0],
        verify="scratch",
    ),
)
