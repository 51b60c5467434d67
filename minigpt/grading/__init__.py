"""Homework that grades itself: `check` for the student, `minigpt grade` for the instructor."""

from minigpt.grading.check import check, inputs

__all__ = ["check", "inputs"]
