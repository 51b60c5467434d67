"""Pre-training: eq. (1) on batches of documents, by gradient descent.

    theta <- AdamW(theta, clip(grad L(theta), 1), lr(step)),    lr: linear warm-up, then a cosine down to 0

What a step sees (its batch, its dropout) is a function of the seed and the step's number, so a run that was stopped
goes on from its checkpoint bit for bit. `torchrun --nproc-per-node 2 -m minigpt pretrain ...` gives each process its
share of every batch. Lecture page "Unsupervised pre-training"; Radford et al. 2018, section 4.1.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from minigpt.checkpoint import digest, load_checkpoint, read_log, save_checkpoint
from minigpt.loss import NO_TARGET, log_loss
from minigpt.support.errors import InputError, require, require_whole
from minigpt.support.files import write_csv
from minigpt.support.progress import progress as shown


@dataclass(frozen=True)
class TrainConfig:
    """How to train. `warmup` is the share of the steps in which the rate rises to `lr`.

    `beta2` says how long AdamW remembers squared gradients: about 1 / (1 - beta2) steps. A run of a few thousand steps
    does better with less than AdamW's usual 0.999; GPT-3 had 0.95.
    """

    steps: int
    batch_size: int = 32
    lr: float = 1e-3
    warmup: float = 0.05
    weight_decay: float = 0.01
    beta2: float = 0.999
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size"):
            require_whole(name, getattr(self, name))
        require(0 < self.lr < math.inf, "lr", self.lr, "a number above 0, such as 0.001")
        require(0 <= self.beta2 < 1, "beta2", self.beta2, "a number from 0, below 1, such as 0.999")
        require_whole("seed", self.seed, least=0)


def documents(texts, tok, n_ctx):
    """Texts to training sequences `<s> x_1 .. x_T <e>`; one longer than n_ctx + 1 ids continues in the next sequence.

    Each sequence starts with `<s>`, so that eq. (1)'s term P(x_1) exists; `<e>` stands at the true end only.
    GPT-1 was pre-trained without markers: its sequences have none, so that their first token has no loss.
    """
    sequences = []
    for text in texts:
        if tok.level == "gpt1":
            ids = tok.encode(text)
            sequences += [ids[i : i + n_ctx + 1] for i in range(0, len(ids) - 1, n_ctx)]
        else:
            ids = [*tok.encode(text), tok.end_id]
            sequences += [[tok.start_id, *ids[i : i + n_ctx]] for i in range(0, len(ids), n_ctx)]
    return sequences


def shift(sequences, device="cpu"):
    """Sequences to what goes in and what should come out, one place later.

    Returns:
        ids, targets: (B, T), padded on the right. The mask of attention looks left only, so padding changes no
        earlier state; its targets are NO_TARGET, so it has no loss.

    >>> shift([[7, 1, 2], [7, 3]])
    (tensor([[7, 1], [7, 0]]), tensor([[ 1, 2], [ 3, -100]]))
    """
    T = max(map(len, sequences)) - 1
    ids = torch.zeros(len(sequences), T, dtype=torch.long)
    targets = torch.full((len(sequences), T), NO_TARGET)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence) - 1] = torch.tensor(sequence[:-1])
        targets[row, : len(sequence) - 1] = torch.tensor(sequence[1:])
    return ids.to(device), targets.to(device)


def batches(lengths, batch_size, seed, epoch):
    """One epoch's batches, as lists of indices: random, but of texts of similar length, so that little is padding.

    Shuffle, sort pieces of 50 batches by length, cut them into batches, shuffle the batches.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    pool = 50 * batch_size
    order = [i for at in range(0, len(order), pool) for i in sorted(order[at : at + pool], key=lambda i: lengths[i])]
    cut = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def learning_rate(step, config):
    """lr(step) for step = 0 .. steps: linear warm-up, then half a cosine to 0.

    >>> config = TrainConfig(steps=100, lr=1.0, warmup=0.1)
    >>> [round(learning_rate(step, config), 3) for step in (0, 9, 10, 55, 100)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    warmup = max(1, round(config.warmup * config.steps))
    if step < warmup:
        return config.lr * (step + 1) / warmup
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, config.steps - warmup)))


def make_optimizer(parameters, lr, weight_decay, beta2=0.999):
    """AdamW; weight decay pulls on matrices only, not on biases and layer norms. Source: Radford et al. 2018, 4.1."""
    parameters = [p for p in parameters if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=lr, betas=(0.9, beta2), fused=True
    )  # one pass over the memory instead of a dozen


def pretrain(model, sequences, config, out=None, checkpoint_every=200, resume=False, progress=True, watch=None):
    """Minimise eq. (1) on `sequences`; returns the log, a list of rows like those of `loss.csv`.

    Args:
        model: a `GPT`, trained in place on the device where it stands.
        sequences: lists of ids, from `documents`.
        out: a folder for `checkpoint.safetensors` and `loss.csv`, each whole or not there; None writes nothing.
        resume: go on from the checkpoint in `out`, bit-equal to a run that was never stopped.
        watch: called with the log after every step, for those who want to look on.
    Raises:
        InputError: if there is nothing to train on, or the checkpoint is damaged or of another run.
    """
    require_whole("checkpoint_every", checkpoint_every)
    if not sequences:
        raise InputError("there are no documents to train on; check the text file")
    check_vocabulary(sequences, model.config.vocab_size)
    rank, n_processes = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    optimizer = make_optimizer(model.parameters(), config.lr, config.weight_decay, config.beta2)
    identity = {"train": asdict(config), "model": model.config.to_json(), "documents": digest(sequences)}
    first, log = 0, []
    if resume:
        first = load_checkpoint(Path(out) / "checkpoint.safetensors", model, optimizer, identity)
        log = [row for row in read_log(Path(out) / "loss.csv") if row["step"] <= first]
    parallel = DistributedDataParallel(model) if n_processes > 1 else model
    lengths = [len(sequence) for sequence in sequences]
    per_epoch = math.ceil(len(sequences) / config.batch_size)
    epoch, order = None, None
    model.train()
    steps = shown(range(first, config.steps), "pre-training", progress and rank == 0, initial=first, total=config.steps)
    for step in steps:
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            order = batches(lengths, config.batch_size, config.seed, epoch)
        batch = [sequences[i] for i in order[step % per_epoch]]
        torch.manual_seed(int(np.random.SeedSequence([config.seed, step, rank]).generate_state(1)[0]))
        loss, norm = train_step(parallel, optimizer, batch, learning_rate(step, config), config.clip, rank, n_processes)
        log.append({"step": step + 1, "loss": loss, "lr": learning_rate(step, config), "gradient_norm": norm})
        steps.set_postfix(loss=f"{loss:.3f}", refresh=False)
        if watch is not None:
            watch(log)
        if out and rank == 0 and ((step + 1) % checkpoint_every == 0 or step + 1 == config.steps):
            write_csv(Path(out) / "loss.csv", log)
            save_checkpoint(Path(out) / "checkpoint.safetensors", model, optimizer, step + 1, identity)
    model.eval()
    return log


def check_vocabulary(sequences, vocab_size):
    """Refuse an id that the model does not know, once and before the first step: later a GPU would be kept waiting."""
    for row, sequence in enumerate(sequences):
        if min(sequence) < 0 or max(sequence) >= vocab_size:
            strange = next(i for i in sequence if not 0 <= i < vocab_size)
            raise InputError(
                f"document {row}: token id {strange} is outside the vocabulary of {vocab_size} (ids 0 to "
                f"{vocab_size - 1}); encode the texts with the tokenizer this model was made for"
            )


def train_step(model, optimizer, batch, lr, clip, rank=0, n_processes=1):
    """One step on this process's share of the batch; returns the whole batch's loss and the gradient's norm.

    DDP averages the processes' gradients. Each divides its sum by the tokens of the whole batch and multiplies by
    the number of processes, so that the average is the gradient of the whole batch's mean.
    """
    device = next(model.parameters()).device
    n_tokens = sum(len(sequence) - 1 for sequence in batch)
    ids, targets = shift(batch[rank::n_processes] or batch[:1], device)
    if rank >= len(batch):
        targets.fill_(NO_TARGET)  # fewer documents than processes: take part, weigh nothing
    loss = log_loss(model(ids), targets).sum() / n_tokens
    optimizer.zero_grad()
    (loss * n_processes).backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    total = loss.detach()
    if n_processes > 1:
        dist.all_reduce(total)
    if not torch.isfinite(total):
        raise InputError(f"the loss is {total.item()}: training has diverged; lower the learning rate (now {lr:.2g})")
    return total.item(), norm.item()


@torch.no_grad()
def evaluate(model, sequences, batch_size=64):
    """Eq. (1) on `sequences`: nats per token, as the mean and its standard error over sequences.

    Returns:
        dict with "loss", "standard_error", "tokens".
    """
    model.eval()
    device = next(model.parameters()).device
    sums, counts = [], []
    for at in range(0, len(sequences), batch_size):
        ids, targets = shift(sequences[at : at + batch_size], device)
        sums += log_loss(model(ids), targets).sum(dim=1).tolist()
        counts += (targets != NO_TARGET).sum(dim=1).tolist()
    sums, counts = np.array(sums), np.array(counts)
    loss = sums.sum() / counts.sum()
    spread = np.sqrt(((sums - loss * counts) ** 2).sum()) / counts.sum()  # of a ratio of sums
    return {"loss": float(loss), "standard_error": float(spread), "tokens": int(counts.sum())}
