"""`minigpt homework`: make a course folder for nbgrader."""

from minigpt.commands.arguments import INSTRUCTOR, command


def add(commands):
    p = command(
        commands,
        "homework",
        homework,
        "make a course folder for nbgrader",
        "minigpt homework course my-course",
        seed=False,
        device=False,
    )
    p.add_argument("what", choices=["course"], help="course: sources and nbgrader_config.py")
    p.add_argument("folder", help="a new folder")
    p.add_argument("--instructor", help=INSTRUCTOR)


def homework(args):
    from minigpt.grading import course

    names = course.make(args.folder, args.instructor)
    print(f"{args.folder} holds {', '.join(names)}; next: cd {args.folder} && nbgrader generate_assignment {names[0]}")
