"""Where it runs: a device by name, the processes of `torchrun`, and whether the machine has the memory."""

import contextlib
import os
import time

import torch
import torch.distributed as dist

from minigpt.support.errors import InputError

SHARE = 0.6  # of the speed of a large product that a large model's steps reach


def pick(name="auto"):
    """The device of that name; where "auto" is asked for, NVIDIA's GPU if there is one, else the CPU.

    A Mac's GPU, "mps", is taken only by name: no number of this project was measured on one.

    >>> pick("cpu")
    device(type='cpu')

    Raises:
        InputError: if there is no such name, or no such device here.
    """
    if name not in ("auto", "cpu", "cuda", "mps"):
        raise InputError(f"device {name!r} is not one of auto, cpu, cuda, mps")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda' was asked for, but PyTorch sees no GPU; use --device cpu or auto")
    if name == "mps" and not torch.backends.mps.is_available():
        raise InputError("device 'mps' was asked for, but PyTorch sees no Mac's GPU; use --device cpu or auto")
    if name == "mps" and "RANK" in os.environ:
        raise InputError("device 'mps' has no way to join the processes of torchrun; use --device cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device(name)


def check_processes():
    """Refuse an environment in which processes could not find each other."""
    if "RANK" not in os.environ:
        return
    cure = "for one process unset RANK; for several start minigpt with torchrun"
    missing = [name for name in ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]
    if missing:
        raise InputError(f"the environment variable RANK is set, but not {' and '.join(missing)}: {cure}")
    told = {name: os.environ[name] for name in ("RANK", "WORLD_SIZE", "MASTER_PORT")}
    if not all(value.isdecimal() for value in told.values()) or int(told["RANK"]) >= int(told["WORLD_SIZE"]):
        raise InputError(f"the environment variables {told} do not go together: {cure}")


def restarted():
    """Has `torchrun --max-restarts` started these processes again, after one of them died?"""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def meeting_place():
    """Where the processes find each other, for `init_process_group`: as torchrun tells by default, but after a restart.

    Then torchrun's store still holds the addresses of the dead (pytorch/pytorch issue 135712), and all would wait for
    them: the new ones get names of their own. It counts restarts machine by machine, so this is right on one machine.
    """
    if not restarted() or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return {}
    store = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    fresh = dist.PrefixStore(f"restart {os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
    return {"store": fresh, "rank": int(os.environ["RANK"]), "world_size": int(os.environ["WORLD_SIZE"])}


@contextlib.contextmanager
def processes(device):
    """Join the processes that `torchrun` started; yields this one's rank, 0 where there is only one."""
    if "RANK" not in os.environ:
        yield 0
        return
    check_processes()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", **meeting_place())
    try:
        yield dist.get_rank()
    finally:
        dist.destroy_process_group()


def generators():
    """The state of PyTorch's generators, of the CPU, of each GPU that was used and of a Mac's: {name: bytes}."""
    used = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    mac = {"mps": torch.mps.get_rng_state()} if torch.backends.mps.is_available() else {}
    return {"cpu": torch.get_rng_state()} | {f"cuda-{i}": torch.cuda.get_rng_state(i) for i in used} | mac


def restore_generators(states):
    """Put back what `generators` gave, where this machine has the device."""
    for name, state in states.items():
        device, _, i = name.partition("-")
        if device == "cpu":
            torch.set_rng_state(state)
        elif device == "cuda" and int(i) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, int(i))
        elif device == "mps" and torch.backends.mps.is_available():
            torch.mps.set_rng_state(state)


def memory_needed(config, batch_size, longest, sharing=1):
    """Bytes that a process needs to train a model on `batch_size` texts at once, `sharing` processes holding it.

    Weights, gradients and AdamW's two moments are 4 numbers a parameter, of 4 bytes each.
    """
    d, L = config.d_model, config.n_layer
    parameters = 2 * config.vocab_size * d + config.n_ctx * d + L * 12 * d * d
    return 16 * parameters / sharing + memory_of_a_pass(config, batch_size * min(config.n_ctx, longest))


def memory_of_a_pass(config, tokens):
    """Bytes that are kept for the backward pass: about 16 d_model numbers a token and layer, 2 |V| for the logits."""
    return 4 * tokens * (16 * config.d_model * config.n_layer + 2 * config.vocab_size)


def check_memory(config, batch_size, longest, device, sharing=1):
    """Refuse a model that cannot fit, before anything is allocated.

    Raises:
        InputError: naming the size, what there is, and what to lower.
    """
    needed, there = memory_needed(config, batch_size, longest, sharing), memory_of(device)
    if needed > there:
        raise InputError(
            f"n_ctx {config.n_ctx}, d_model {config.d_model}, n_layer {config.n_layer}, documents read at once "
            f"{batch_size}: they need about {needed / 1e9:.0f} GB, a process has {there / 1e9:.0f} GB; lower n_ctx, "
            "d_model or n_layer, read fewer at once with --micro-batch, or share the model among more processes "
            "with torchrun"
        )


def memory_of(device):
    """Bytes that a process has: its GPU's, or its part of the machine's."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    if hasattr(os, "sysconf"):  # not on Windows
        here = int(os.environ.get("LOCAL_WORLD_SIZE") or 1)  # of torchrun's processes
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / here
    return float("inf")


@contextlib.contextmanager
def one_thread():
    """PyTorch computes on one thread inside the block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def product_speed(n=1024, tries=5):
    """How fast this machine multiplies on one thread: float32 products of n x n, in 10^9 operations a second.

    A product is 2 n^3 operations. The fastest of a few tries is taken: the others were disturbed.
    """
    a, seconds = torch.ones(n, n), []
    with one_thread():
        for _ in range(tries):
            started = time.perf_counter()
            torch.mm(a, a)
            seconds.append(time.perf_counter() - started)
    return 2 * n**3 / min(seconds) / 1e9


def time_for(n_weights, n_read, n_learnt=0):
    """About how long this CPU takes to read so many tokens, and to learn from so many more, in words.

    A token costs 2 operations a weight forward, and 4 backward (lesson 04).
    """
    operations = 2 * n_weights * (n_read + 3 * n_learnt)
    minutes = operations / (SHARE * torch.get_num_threads() * product_speed() * 1e9) / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
