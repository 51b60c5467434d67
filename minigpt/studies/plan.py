"""What pre-training takes, before it is begun: operations, time and memory, from formulas and measured speeds.

    operations  =  6 N tokens                      N parameters; 2 operations a weight forward, 4 backward
    seconds     =  operations / (devices * speed)
    bytes       =  16 N  +  4 tokens at once (16 L d_model + 2 |V|)

16 bytes a parameter are weight, gradient and AdamW's two moments; the rest is what the backward pass needs (see
`support/device.py`), as if all were float32: bfloat16 takes less. Source of 6 N: Kaplan et al. 2020, section 2.1.
"""

import math

from minigpt.model import GPTConfig
from minigpt.support.device import SHARE, memory_of_a_pass, product_speed
from minigpt.support.errors import InputError, require, require_whole

VOCABULARY, N_CTX = 40_478, 512  # GPT-1's
GPT1 = 116_534_784  # its parameters
MEASURED = {"H200": 474_426}  # tokens a second at GPT-1's size, compiled, dropout 0.1: benchmarks/RESULTS-GPU.md
MEMORY = {"H200": 141e9}  # bytes: NVIDIA's data sheet
DAY = 24 * 60 * 60
MONTH = 0.96e15 * DAY  # operations of GPT-1's month on 8 GPUs: OpenAI's announcement, 2018


def shaped(parameters):
    """The GPT nearest to so many parameters that has GPT-1's proportions: d_model 64 L, L heads, tied weights.

    >>> config = shaped(117e6)
    >>> config.n_layer, config.d_model
    (12, 768)
    """
    require(1e6 <= parameters <= 1e12, "params", parameters, "a number from 1e6 to 1e12, such as 117e6")
    n_layer = min(range(1, 300), key=lambda n: abs(count(n, 64 * n) - parameters))
    return GPTConfig(VOCABULARY, N_CTX, n_layer, n_layer, 64 * n_layer, tie_weights=True)


def count(n_layer, d):
    """The parameters of a GPT with GPT-1's vocabulary and tied weights.

    >>> count(12, 768)
    116534784
    """
    return (VOCABULARY + N_CTX) * d + n_layer * (12 * d**2 + 13 * d)


def speed_of(device, tokens_a_second=None, parameters=GPT1):
    """Operations a second of one device, and where that number comes from.

    Args:
        device: "H200", which was measured; or "cpu", this machine's, which is now.
        tokens_a_second: what you measured yourself, on a model of so many `parameters`.
    """
    if tokens_a_second:
        return 6 * parameters * tokens_a_second, f"{tokens_a_second:,.0f} tokens a second, as you say"
    if device == "cpu":
        import torch

        threads, one = torch.get_num_threads(), product_speed()
        told = f"{SHARE:.0%} of a large product's speed here, {one:,.0f} GFLOP/s on each of {threads} threads"
        return SHARE * threads * one * 1e9, told
    if device not in MEASURED:
        raise InputError(f"device {device!r} is not one of cpu, {', '.join(MEASURED)}; measure yours, and give --speed")
    told = f"{MEASURED[device]:,} tokens a second at GPT-1's size, measured: benchmarks/RESULTS-GPU.md"
    return 6 * GPT1 * MEASURED[device], told


def memory(config, parameters, batch_size):
    """Bytes of weights, gradients and moments; and those that a step keeps for the backward pass.

    >>> [round(size / 1e9, 1) for size in memory(shaped(GPT1), GPT1, batch_size=32)]
    [1.9, 15.0]
    """
    return 16 * parameters, memory_of_a_pass(config, batch_size * config.n_ctx)


def duration(seconds):
    """Seconds in words.

    >>> duration(300), duration(30_000), duration(3e6)
    ('5 minutes', '8.3 hours', '34.7 days')
    """
    for unit, size, least in (("days", DAY, 2), ("hours", 3600, 2), ("minutes", 60, 0)):
        if seconds >= least * size:
            return f"{seconds / size:,.{0 if unit == 'minutes' else 1}f} {unit}"


def lines(parameters, tokens, devices, device, batch_size=32, tokens_a_second=None, price=None):
    """The plan, line by line; see `commands/plan.py` for the arguments.

    Raises:
        InputError: for numbers that no plan can be made of.
    """
    config = shaped(parameters)
    require(0 < tokens < 1e16, "tokens", tokens, "a number above 0, such as 1e9")
    require_whole("devices", devices)
    require_whole("batch_size", batch_size)
    require(price is None or 0 <= price < 1e9, "price", price, "a number from 0")
    require(tokens_a_second is None or 0 < tokens_a_second < 1e12, "speed", tokens_a_second, "a number above 0")
    parameters = count(config.n_layer, config.d_model)
    operations = 6 * parameters * tokens
    speed, source = speed_of(device, tokens_a_second, parameters)
    seconds = operations / (devices * speed)
    kept, passing = (size / 1e9 for size in memory(config, parameters, batch_size))
    where = f"{devices} x {'device' if tokens_a_second else device}"
    yield f"model:   {parameters:,} parameters, shaped as GPT-1: L {config.n_layer}, d_model {config.d_model}"
    yield f"work:    6 N x {tokens:,.0f} tokens = {operations:.1e} operations"
    yield f"paper:   {MONTH:.1e} (0.96 petaflop/s-days, a month on 8 GPUs); this is {operations / MONTH:.2g} times that"
    yield f"time:    {duration(seconds)} on {where}, if they share the work without loss"
    yield f"         each {speed / 1e12:,.3g} TFLOP/s: {source}"
    yield f"memory:  {kept:,.1f} GB of weights, gradients, moments; {kept / devices:,.1f} GB a device if shared (FSDP)"
    yield f"         {passing:,.1f} GB for {batch_size} x {N_CTX} tokens at once, in float32; bfloat16 takes less"
    most = MEMORY.get(device, math.inf) / 1e9
    if not tokens_a_second and kept / devices + passing > most:
        yield f"         more than the {most:,.0f} GB of one {device}: read fewer at once, or take more of them"
    if price is not None:
        hours = devices * seconds / 3600
        yield f"cost:    {hours:,.1f} device-hours x {price:g} = {hours * price:,.0f}"
