"""`minigpt plan`: what pre-training would take, before it is begun."""

from minigpt.commands.arguments import command


def add(commands):
    p = command(
        commands,
        "plan",
        plan,
        "time, memory and cost of pre-training a GPT, from formulas and measured speeds",
        "minigpt plan --params 117e6 --tokens 1e9 --devices 8 --device H200",
        seed=False,
        device=False,
    )
    p.add_argument("--params", type=float, default=117e6, help="N, parameters of the model")
    p.add_argument("--tokens", type=float, required=True, help="tokens read in training, all epochs together")
    p.add_argument("--devices", type=int, default=1, help="how many there are")
    p.add_argument("--device", default="cpu", help="cpu, this machine's; or H200, which was measured")
    p.add_argument("--speed", type=float, help="tokens a second of one device, as you measured it")
    p.add_argument("--batch-size", type=int, default=32, help="sequences that one device reads at once")
    p.add_argument("--price", type=float, help="of one device for an hour, in your currency")


def plan(args):
    from minigpt.studies import plan

    given = (args.params, args.tokens, args.devices, args.device, args.batch_size, args.speed, args.price)
    print(*plan.lines(*given), sep="\n")
