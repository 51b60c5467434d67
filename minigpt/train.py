"""Pre-training: eq. (1) on batches of documents, by gradient descent.

    theta <- AdamW(theta, clip(grad L(theta), 1), lr(step)),    lr: linear warm-up, then a cosine down to 0

What a step sees (its batch, its dropout) is a function of the seed and the step's number, so a run that was stopped
goes on from its checkpoint bit for bit. Lecture page "Unsupervised pre-training"; Radford et al. 2018, section 4.1.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch

from minigpt.batch import check_sequences, lengths_of, plan, shift
from minigpt.checkpoint import Checkpoints
from minigpt.fast import parallel
from minigpt.loss import NO_TARGET, lm_loss, log_loss
from minigpt.support.diverged import check_finite, check_weights
from minigpt.support.errors import InputError, require, require_seed, require_whole
from minigpt.support.identity import digest
from minigpt.support.progress import progress as shown


@dataclass(frozen=True)
class TrainConfig:
    """How to train. `warmup` is the share of the steps in which the rate rises to `lr`.

    `beta2` says how long AdamW remembers squared gradients: about 1 / (1 - beta2) steps. 0.999 is AdamW's usual value;
    the toy run of a few thousand steps has 0.98, GPT-3 had 0.95.
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
            require_whole(name, getattr(self, name), most=10**9)
        require(0 < self.lr < math.inf, "lr", self.lr, "a number above 0, such as 0.001")
        require(0 <= self.beta2 < 1, "beta2", self.beta2, "a number from 0, below 1, such as 0.999")
        require(0 <= self.warmup <= 1, "warmup", self.warmup, "a share of the steps, from 0 to 1")
        require(0 <= self.weight_decay < math.inf, "weight_decay", self.weight_decay, "a number from 0")
        require(self.clip > 0, "clip", self.clip, "a number above 0; inf clips nothing")
        require_seed(self.seed)


def documents(texts, tok, n_ctx):
    """Texts to training sequences `<s> x_1 .. x_T <e>`; one longer than n_ctx + 1 ids continues in the next sequence.

    Each sequence starts with `<s>`, so that eq. (1)'s term P(x_1) exists; `<e>` stands at the true end only, and never
    alone in a sequence: `<s> <e>`, which an empty text becomes, teaches that a text may be empty.
    GPT-1 was pre-trained without markers: its sequences have none, so that their first token has no loss.
    """
    sequences = []
    for text in texts:
        if tok.level == "gpt1":
            ids = tok.encode(text)
            sequences += [ids[i : i + n_ctx + 1] for i in range(0, len(ids) - 1, n_ctx)]
        else:
            ids = [*tok.encode(text), tok.end_id]
            starts = list(range(0, len(ids), n_ctx))
            if n_ctx > 1 and len(starts) > 1 and starts[-1] == len(ids) - 1:
                starts[-1] -= 1
            ends = [*starts[1:], len(ids)]
            sequences += [[tok.start_id, *ids[start:end]] for start, end in zip(starts, ends, strict=True)]
    return sequences


def cosine(x):
    """Half a cosine, from 1 at x = 0 down to 0 at x = 1."""
    return 0.5 * (1 + math.cos(math.pi * x))


def linear(x):
    """A straight line, from 1 at x = 0 down to 0 at x = 1."""
    return 1 - x


def schedule(step, steps, warmup, decay):
    """The share of the highest learning rate at step 0 .. steps: up in a line over `warmup` of the steps, then `decay`.

    >>> [round(schedule(step, 100, warmup=0.1, decay=linear), 3) for step in (0, 9, 10, 55, 100)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return decay((step - rising) / max(1, steps - rising))


def learning_rate(step, config):
    """Pre-training's rate at a step: lr * schedule, with half a cosine down to 0. Source: Radford et al. 2018, 4.1.

    >>> config = TrainConfig(steps=100, lr=1.0, warmup=0.1)
    >>> [round(learning_rate(step, config), 3) for step in (0, 9, 10, 55, 100)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    return config.lr * schedule(step, config.steps, config.warmup, cosine)


def make_optimizer(parameters, lr, weight_decay, beta2=0.999):
    """AdamW; weight decay pulls on matrices only, not on biases and layer norms. Source: Radford et al. 2018, 4.1."""
    parameters = [p for p in parameters if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    # fused: one pass over the memory instead of a dozen
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, beta2), fused=True)


def update(model, optimizer, lr, clip):
    """theta <- AdamW(theta, clip(gradient), lr); returns the gradient's norm before it was clipped."""
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    return norm


def pretrain(
    model, sequences, config, out=None, checkpoint_every=200, resume=False, progress=True, watch=None, take_step=None
):
    """Minimise eq. (1) on `sequences`; returns the log, a list of rows like those of `loss.csv`.

    Args:
        model: a `GPT`, trained in place on the device where it stands.
        sequences: lists of ids, from `documents`; or those of a token file, which are read when their turn comes.
        out: a folder for `checkpoint.safetensors` and `loss.csv`, each whole or not there; None writes nothing.
        resume: go on from the checkpoint in `out`, bit-equal to a run that was never stopped.
        watch: called with the log after every step, for those who want to look on.
        take_step: what is done in place of `train_step`, see `fast/scale.py`.
    Raises:
        InputError: if there is nothing to train on, the checkpoint is damaged or of another run, or training diverged.
    """
    check_sequences(sequences, model.config.vocab_size)
    optimizer = make_optimizer(model.parameters(), config.lr, config.weight_decay, config.beta2)
    identity = {"train": asdict(config), "model": model.config.to_json(), "documents": digest(sequences)}
    checkpoints = Checkpoints(out, model, optimizer, identity, checkpoint_every)
    done, log = checkpoints.resume() if resume else (0, [])
    told = progress and parallel.is_first()
    steps = shown(range(done, config.steps), "pre-training", told, initial=done, total=config.steps)
    chosen = plan(lengths_of(sequences), config.batch_size, config.seed, first=done)
    wrapped = parallel.wrap(model)
    for step, indices in zip(steps, chosen, strict=False):
        seed_step(config.seed, step)
        lr = learning_rate(step, config)
        model.train()  # `watch` may have evaluated it
        loss, norm = (take_step or train_step)(wrapped, optimizer, [sequences[i] for i in indices], lr, config.clip)
        log.append({"step": step + 1, "loss": loss, "lr": lr, "gradient_norm": norm})
        steps.set_postfix(loss=f"{loss:.3f}", refresh=False)
        if watch is not None:
            watch(log)
        checkpoints.keep(log, last=step + 1 == config.steps)
    check_weights(model)
    model.eval()
    return log


def train_step(model, optimizer, batch, lr, clip):
    """One step of gradient descent on eq. (1): sequences to updated weights; returns the loss and the gradient's norm.

    Of several processes each takes its share of the batch, see `fast/parallel.py`; a single one takes it all, weight 1.
    """
    own, weight = parallel.own_part(batch)
    ids, targets = shift(own, next(model.parameters()).device)
    loss = weight * lm_loss(model(ids), targets)
    optimizer.zero_grad()
    loss.backward()
    total = parallel.mean(loss.detach()).item()
    check_finite(total, lr)
    norm = update(model, optimizer, lr, clip)
    return total, norm.item()


def seed_step(seed, step):
    """Dropout's draws follow from the seed, the step and the process, whatever was drawn before."""
    words = np.random.SeedSequence([seed, step, parallel.rank()])
    torch.manual_seed(int(words.generate_state(1)[0]))


@torch.no_grad()
def evaluate(model, sequences, batch_size=64):
    """Eq. (1) on `sequences`: nats per token, as the mean and its standard error over sequences.

    Returns:
        dict with "loss", "standard_error", "tokens".
    Raises:
        InputError: if there is nothing to predict.
    """
    if max(map(len, sequences), default=0) < 2:
        raise InputError("no text has a second token: there is nothing to predict; give longer texts")
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
