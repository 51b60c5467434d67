"""Question 03.4: which head matters, on stories of one's own."""

from minigpt.grading import experiments
from minigpt.grading.personal import own_question

QUESTIONS = (
    own_question(
        "03.4",
        "heads_of_my_own",
        experiments.without_heads,
        predicted=[3, 3, 3, 0.5],
        other=[3, 3, 3, 0.4],
        impossible=[3, 3, 0, 0.5],
        default=[0, 1, 1, 0.0],
        verify="heads_off",
        n_given=1,
    ),
)
