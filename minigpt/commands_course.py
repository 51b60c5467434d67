"""What the commands of a course do: grade, homework, play; `commands.py` has the others."""

from pathlib import Path

from minigpt.files import require
from minigpt.folders import load_body


def play(args):
    from minigpt.play import play as serve

    tok, gpt = load_body(args.model)  # refused here, not on the page
    print(f"a model of {gpt.config.n_layer} layers and {tok.vocab_size} ids; the page: http://127.0.0.1:{args.port}")
    serve(args.model, args.text, args.port, browser=not args.no_browser)


def grade(args):
    from minigpt.grading import batch

    require(args.jobs >= 1, "jobs", args.jobs, "a whole number from 1")
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
        instructor=args.instructor,
    )
    graded = [row["score"] for row in rows if row["status"] == "graded"]
    print(f"{len(graded)} of {len(rows)} graded; {Path(args.out) / 'grades.csv'}, and feedback/ beside it")
    if args.duplicates:
        pairs = batch.duplicates(args.out)
        batch.write_duplicates(Path(args.out) / "duplicates.csv", pairs)
        print(f"{len(pairs)} equal answers; {Path(args.out) / 'duplicates.csv'}")


def homework(args):
    from minigpt.grading import course

    names = course.make(args.folder, args.instructor)
    print(f"{args.folder} holds {', '.join(names)}; next: cd {args.folder} && nbgrader generate_assignment {names[0]}")
