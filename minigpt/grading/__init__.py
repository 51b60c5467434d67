"""Homework that grades itself: `check` for the student, `minigpt grade` for the instructor."""

from minigpt.grading.check import check

__all__ = ["check"]
