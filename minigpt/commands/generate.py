"""`minigpt generate`: let a model go on with a text."""

from minigpt.commands.arguments import command, say_unknown
from minigpt.support.errors import InputError


def add(commands):
    p = command(
        commands,
        "generate",
        generate,
        "let a model go on with a text",
        'minigpt generate --model runs/book --prompt "The king"',
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run`, `pretrain` or GPT-1, or a hub's name")
    p.add_argument("--prompt", default="", help="the text to go on with; GPT-1 needs one")
    p.add_argument("--max-new-tokens", type=int, default=60, help="most tokens to add")
    p.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        help="below 1 more predictable, above 1 more random, 0 always the likeliest",
    )
    p.add_argument("--top-k", type=int, help="draw from the k likeliest tokens")
    p.add_argument("--top-p", type=float, help="draw from the likeliest tokens that reach probability p")


def generate(args):
    import torch

    from minigpt.generate import generate as go_on
    from minigpt.pretrained import load_body
    from minigpt.support import device

    where = device.pick(args.device)
    tok, gpt = load_body(args.model)
    start = [] if tok.level == "gpt1" else [tok.start_id]  # GPT-1 was pre-trained without markers
    prompt = tok.encode(args.prompt)
    if not start and not prompt:
        raise InputError("GPT-1 was trained without a start marker: give it a --prompt to go on with")
    fit = gpt.config.n_ctx - len(start)
    if len(prompt) > fit:
        raise InputError(f"the prompt has {len(prompt)} tokens, and {fit} fit this model; give its last {fit}")
    say_unknown(tok, [args.prompt], "the prompt")
    ids = torch.tensor([start + prompt], device=where)
    draws = torch.Generator(where).manual_seed(args.seed)
    ids = go_on(
        gpt.to(where), ids, args.max_new_tokens, args.temperature, args.top_k, args.top_p, draws, end_id=tok.end_id
    )
    text = ids[0, len(start) :].tolist()
    print(tok.decode(text[:-1] if text[-1] == tok.end_id else text))
