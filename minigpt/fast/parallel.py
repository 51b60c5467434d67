"""Several processes: `torchrun --nproc-per-node 2 -m minigpt pretrain ...` shares every batch among two.

PyTorch's DistributedDataParallel gives all processes the mean of their gradients. The gradient wanted is that of the
whole batch's mean loss over n targets, of which process r has n_r, so each weighs its own mean loss:

    weight_r = R n_r / n,      mean over r of weight_r grad(loss_r) = grad(sum_r n_r loss_r / n),     R processes

With one process every function here gives back what it was given, with weight 1.
"""

import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def n_processes():
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first():
    """Is this the process that writes and reports?"""
    return rank() == 0


def wrap(model):
    """The model, its gradients the mean over the processes."""
    return DistributedDataParallel(model) if n_processes() > 1 else model


def own_part(batch):
    """This process's part of a batch of sequences, and its weight; with nothing left, a text that weighs nothing.

    >>> own_part([[7, 1, 2], [7, 3]])
    ([[7, 1, 2], [7, 3]], 1.0)
    """
    own = batch[rank() :: n_processes()]
    n = sum(len(sequence) - 1 for sequence in batch)
    n_own = sum(len(sequence) - 1 for sequence in own)
    return own or batch[:1], n_processes() * n_own / n


def mean(loss):
    """The processes' mean of a number."""
    if n_processes() > 1:
        dist.all_reduce(loss, dist.ReduceOp.SUM)
        loss /= n_processes()
    return loss
