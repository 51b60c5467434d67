"""`minigpt grade`: grade a homework: submissions in, grades.csv and feedback pages out."""

import math
import sys
from pathlib import Path

from minigpt.commands.arguments import INSTRUCTOR, command
from minigpt.support.errors import require


def add(commands):
    p = command(
        commands,
        "grade",
        grade,
        "grade a homework: submissions in, grades.csv and feedback pages out",
        "minigpt grade submissions.zip --homework 02 --roster roster.csv --out grades",
        seed=False,
        device=False,
    )
    p.add_argument(
        "submissions", help="a folder, or a zip of Moodle, Canvas, Blackboard or your own; one notebook each"
    )
    p.add_argument("--homework", required=True, help="00 to 12")
    p.add_argument("--roster", required=True, help="table with a column student (CSV or .xlsx), or the platform's own")
    p.add_argument("--out", required=True, help="folder; a batch that was stopped goes on in it")
    p.add_argument("--instructor", help=INSTRUCTOR)
    p.add_argument("--seed", type=int, help="of the inputs; the default is a new one, kept in --out")
    p.add_argument("--jobs", type=int, default=1, help="submissions at a time")
    p.add_argument(
        "--minutes", type=float, default=math.inf, help="start nobody after these; the same command goes on later"
    )
    p.add_argument("--latest", action="store_true", help="of two attempts the newest, by the platform's own time")
    p.add_argument("--duplicates", action="store_true", help="also duplicates.csv: equal answers of two students")
    p.add_argument("--no-jail", action="store_true", help="without bubblewrap, only for code that you trust")


def grade(args):
    from tqdm import tqdm

    from minigpt.grading import batch
    from minigpt.grading.duplicates import duplicates, write_duplicates

    require(args.jobs >= 1, "jobs", args.jobs, "a whole number from 1")
    require(args.minutes > 0, "minutes", args.minutes, "a number above 0")
    require(
        args.seed is None or args.seed >= 1,
        "seed",
        args.seed,
        "a whole number from 1; 0 is that of the students' own check",
    )
    if args.no_jail:
        print("no jail: the answers run as you, with all that you may do; only for code that you trust")
    rows = batch.grade(
        args.submissions,
        args.homework,
        args.roster,
        args.out,
        args.seed,
        args.jobs,
        trusted=args.no_jail,
        say=tqdm.write if sys.stderr.isatty() else print,  # lines above the bar
        instructor=args.instructor,
        latest=args.latest,
        bar=True,
        minutes=args.minutes,
    )
    out, graded = Path(args.out), {row["student"] for row in rows if row["status"] == "graded"}
    print(f"{len(graded)} of {len(rows)} graded; {out / 'grades.csv'}, summary.html and feedback/ beside it")
    if args.duplicates:
        pairs = duplicates(out, graded)
        write_duplicates(out / "duplicates.csv", pairs)
        print(f"{len(pairs)} equal answers; {out / 'duplicates.csv'}")
