"""`minigpt play`: one page: what comes next, and who looks at whom."""

from minigpt.commands.arguments import command


def add(commands):
    p = command(
        commands,
        "play",
        play,
        "one page: what comes next, and who looks at whom",
        "minigpt play --model runs/toy-en-seed0",
        seed=False,
        device=False,
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run` or `pretrain`")
    p.add_argument("--text", default="Anna took the key. The key is with", help="what stands in the box at first")
    p.add_argument("--port", type=int, default=8866, help="of this machine")
    p.add_argument("--no-browser", action="store_true", help="only serve the page")


def play(args):
    from minigpt.pictures.play import play as serve
    from minigpt.pretrained import load_body

    tok, gpt = load_body(args.model)  # refused here, not on the page
    print(f"a model of {gpt.config.n_layer} layers and {tok.vocab_size} ids; the page: http://127.0.0.1:{args.port}")
    serve(args.model, args.text, args.port, browser=not args.no_browser)
