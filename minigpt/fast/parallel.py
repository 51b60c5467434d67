"""Several processes: `torchrun --nproc-per-node 2 -m minigpt pretrain ...` shares every batch among two.

    wrap     each process holds the whole model, and gets the mean of all gradients: DistributedDataParallel (DDP)
    shard    each holds a part of every matrix, and gathers a block's when it computes it: `fully_shard` (FSDP)

The gradient wanted is that of the whole batch's mean loss over n targets. Process r reads a part of n_r targets, so
each weighs its own mean loss:

    weight_r = R n_r / n,      mean over r of weight_r grad(loss_r) = grad(sum_r n_r loss_r / n),     R processes

With one process every function here gives back what it was given, with weight 1.
"""

import contextlib
import warnings

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from minigpt.model import GPT


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def n_processes():
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first():
    """Is this the process that writes and reports?"""
    return rank() == 0


def wrap(model):
    """The model, its gradients the mean over the processes; one that is sharded sees to that itself."""
    return DistributedDataParallel(model) if n_processes() > 1 and not is_sharded(model) else model


def silent(model, wanted):
    """Inside this context a backward pass keeps its gradients to itself, if that is `wanted` and DDP can."""
    return model.no_sync() if wanted and isinstance(model, DistributedDataParallel) else contextlib.nullcontext()


def shard(model, device):
    """Share a GPT's weights among the processes, in place; a process's part moves to `device`, a block at a time.

    Gradients and AdamW's moments are shared as the weights are: 16 bytes a parameter in training become 16 / R.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    warnings.filterwarnings("ignore", "FSDP2-wrapped module")  # of writing into logits, which nobody does
    mesh = init_device_mesh(device.type, (n_processes(),))
    for part in (*model.blocks, model):
        fully_shard(part, mesh=mesh, reshard_after_forward=True)  # the whole model too: `evaluate` has no way back


def is_sharded(model):
    return hasattr(model, "reshard")  # which `fully_shard` adds; to ask for its class would import it in every lesson


def gathered(model):
    """The model with all its weights: of a sharded one a copy on the CPU, which all processes make together."""
    if not is_sharded(model):
        return model
    whole = GPT(model.config)
    with torch.no_grad():
        for here, shared in zip(whole.parameters(), model.parameters(), strict=True):
            here.copy_(shared.full_tensor())
    return whole


def spread(tensor, like):
    """A whole tensor as `like` is: where that is shared among the processes, this one's part of it."""
    if not hasattr(like, "placements") or tensor.shape != like.shape:  # AdamW's count of steps is no matrix's part
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def own_part(batch, j=0, parts=1):
    """Part j of this process's share of a batch of sequences, and its weight; if empty, a text that weighs nothing.

    >>> own_part([[7, 1, 2], [7, 3]])
    ([[7, 1, 2], [7, 3]], 1.0)
    """
    own = batch[rank() + n_processes() * j :: n_processes() * parts]
    n = sum(len(sequence) - 1 for sequence in batch)
    n_own = sum(len(sequence) - 1 for sequence in own)
    return own or batch[:1], n_processes() * n_own / n


def mean(loss):
    """The processes' mean of a number."""
    if n_processes() > 1:
        dist.all_reduce(loss, dist.ReduceOp.SUM)
        loss /= n_processes()
    return loss
