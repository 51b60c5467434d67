"""Two hundred classes at random; `python tests/fuzz_grading.py 10000` grades ten thousand."""

from fuzz_grading import fuzz


def test_every_student_is_in_the_csv():
    ends = fuzz(200)
    assert sum(ends.values()) >= 200 and ends["graded"] > 50
