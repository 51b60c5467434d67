"""nbgrader's table of grades, with the column `status`: a score that nobody gave is empty there, not 0."""

from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.plugins.export import ExportPlugin

from minigpt.grading.batch import plain
from minigpt.grading.course import refused
from minigpt.grading.nbgrader_jail import REASON
from minigpt.support.files import write_csv

LOST = f"{REASON}: autograde has not finished with it; its log says why, and it is tried again by running it again"


class Export(ExportPlugin):
    """For `nbgrader export`: a row for everybody in the grade book or with a folder below `submitted`."""

    def export(self, gradebook):
        aside = refused("submitted")
        names = {path.name for path in Path("submitted").glob("*")} | {student.id for student in gradebook.students}
        rows = []
        for assignment in gradebook.assignments:
            for student in sorted(names if not self.student else names & set(map(str, self.student))):
                if not self.assignment or assignment.name in self.assignment:
                    row = self.row(gradebook, assignment, student, aside.get(student, ""))
                    rows.append({name: plain("" if value is None else value) for name, value in row.items()})
        write_csv(self.to or "grades.csv", rows)

    def row(self, gradebook, assignment, student, aside):
        row = {"assignment": assignment.name, "duedate": assignment.duedate, "timestamp": "", "student_id": student}
        row |= dict.fromkeys(("last_name", "first_name", "email", "raw_score", "late_submission_penalty", "score"), "")
        absent = LOST if Path("submitted", student, assignment.name).exists() else f"{REASON}: nothing handed in"
        row |= {"max_score": assignment.max_score, "status": f"{REASON}: {aside}" if aside else absent}
        try:
            known = gradebook.find_student(student)
            row |= {name: getattr(known, name) for name in ("last_name", "first_name", "email")}
            submission = gradebook.find_submission(assignment.name, student)
        except MissingEntry:
            return row
        row["timestamp"] = submission.timestamp
        if aside:
            return row
        if submission.needs_manual_grade:
            told = {comment.auto_comment for notebook in submission.notebooks for comment in notebook.comments}
            reasons = [text for text in told if text and text.startswith(f"{REASON}: ")]
            return row | {"status": reasons[0] if reasons else LOST}
        score, penalty = submission.score, submission.late_submission_penalty
        return row | {
            "raw_score": score,
            "late_submission_penalty": penalty,
            "score": max(0.0, score - penalty),
            "status": "graded",
        }
