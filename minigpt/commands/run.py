"""`minigpt run`: the main job: pre-train, fine-tune four tasks, print the table."""

from pathlib import Path

from minigpt.commands.arguments import command
from minigpt.support.errors import require
from minigpt.support.folders import free_folder


def add(commands):
    p = command(
        commands, "run", run, "the main job: pre-train, fine-tune four tasks, print the table", "minigpt run --seed 1"
    )
    p.add_argument("--real", action="store_true", help="real text instead of the toy world")
    p.add_argument("--minutes", type=float, help="with --real: minutes of pre-training; the default is 25")
    p.add_argument("--resume", action="store_true", help="go on with a run in --out that was cut short")
    p.add_argument("--language", default="en", choices=["en", "zh"], help="of the toy world, or of the real text")
    p.add_argument(
        "--model",
        help="with --real: one more arm, a folder of `minigpt pretrain` or of GPT-1, or openai-community/openai-gpt",
    )
    p.add_argument("--frozen", action="store_true", help="of --model fit W^y alone: minutes where all takes hours")
    p.add_argument("--out", help="folder; the default is a new one in runs/")


def run(args):
    from minigpt.data import hub
    from minigpt.pretrained import load_body
    from minigpt.studies import main_job, settings
    from minigpt.support import device

    where = device.pick(args.device)
    require(args.real or not args.model, "--model", args.model, "left out, or named beside --real: it reads real text")
    require(args.model or not args.frozen, "--frozen", True, "left out without --model, whose body it leaves as it is")
    require(args.real or args.minutes is None, "--minutes", args.minutes, "left out, or beside --real")
    require(args.minutes is None or 0 < args.minutes < 1e6, "--minutes", args.minutes, "a number above 0")
    require(args.out or not args.resume, "--resume", True, "beside --out, which names the folder of the run")
    name = f"{'real' if args.real else 'toy'}-{args.language}"
    out = Path(args.out) if args.out else free_folder(Path("runs") / f"{name}-seed{args.seed}")
    main_job.check_folder(out, args.resume)
    model = args.model and hub.folder_of(args.model)
    if model:
        load_body(model)  # what is wrong with it is said now, not after an hour
    if args.real:
        setting = settings.real(args.seed, args.minutes or settings.MINUTES, args.language)
    else:
        setting = settings.toy(args.seed, args.language)
    main_job.run(setting, out, args.seed, where, model=model, frozen=args.frozen, resume=args.resume)
