"""x W + b, as `torch.nn.Linear`, with the faster of the two libraries that PyTorch carries for it.

On the CPU, PyTorch hands float32 products to MKL, which on AMD processors leaves their widest instructions unused.
oneDNN uses them, and PyTorch ships with it for its compiler. Here it multiplies where it is the faster one: on an AMD
processor, in float32, where there is enough to multiply; without AVX-512 all but the gradient of weights. Elsewhere
MKL is as fast or faster. The choice follows from the processor and PyTorch's version alone, so that a run gives the
same bits again. The numbers are those of `torch.nn.Linear`, to float32's rounding.
"""

import functools
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

ALIGNED = 8  # numbers of 16 bits in the 16 bytes that a GPU reads at once
LEAST = 2**17  # multiplications; below, starting oneDNN costs more than it saves
FEW = 16  # rows; with fewer the weights' way from memory is what takes the time, and MKL reads them sooner
HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def made_by_amd():
    """Is the processor AMD's? Windows says so in a variable, Linux in a file; a Mac's is not."""
    cpuinfo = Path("/proc/cpuinfo")
    processor = cpuinfo.read_text(errors="replace") if cpuinfo.exists() else os.environ.get("PROCESSOR_IDENTIFIER", "")
    return "AuthenticAMD" in processor


WIDTH = torch.backends.cpu.get_cpu_capability()
ON_X86 = WIDTH in ("AVX2", "AVX512")
USE_ONEDNN = HAS_ONEDNN and ON_X86 and made_by_amd()


def product(x, weight, bias=None):
    """x W^T + b by oneDNN, through a private operation of PyTorch."""
    bias = (
        bias if bias is None else bias.contiguous()
    )  # one with gaps in memory would be read wrongly, without an error
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


@functools.cache
def agrees():
    """Does that operation multiply, as `F.linear` does? PyTorch may change it without notice, so it is tried once.

    The numbers are such that float32 holds every sum exactly, and bfloat16 none: there is nothing to tolerate.
    """
    x = 1 + torch.arange(6, dtype=torch.float32, device="cpu").view(2, 3) / 1024
    weight, bias = x.flip(0), x[0, :2]
    try:
        return all(
            torch.equal(product(x, w, b), F.linear(x, weight, b))
            # backward hands over transposed ones, `fast/token.py` those of `laid_out`
            for w in (weight, weight.t().contiguous().t(), laid_out(weight, len(x)))
            for b in (bias, None)
        )
    except (AttributeError, RuntimeError, TypeError):  # it is gone, or wants other arguments
        return False


def laid_out(weight, rows):
    """A copy of the weight, in the order in which `product` reads it for so many rows, and for no other operation.

    For few rows `product` spends more time on reading and turning the weight about than on multiplying. A weight that
    many products need is laid out once; that takes as long as ten of them.
    """
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach(), rows)


def worth_laying_out(rows, weight):
    """For one row alone MKL is as fast; elsewhere than on x86 this has not been measured."""
    return HAS_ONEDNN and ON_X86 and rows > 1 and both_in_float32(weight, weight) and agrees()


def transposed_product(a, b):
    """a^T b, for a (N, n) and b (N, k). oneDNN first copies one of the two turned about: the narrower one."""
    if WIDTH != "AVX512":
        return a.t() @ b
    if a.shape[1] <= b.shape[1]:
        return product(a.t(), b.t())
    return product(b.t(), a.t()).t()


class OneDNN(torch.autograd.Function):
    """y = x W^T + b and its gradients, three products with the same operation.

    grad_x = grad_y W,    grad_W = grad_y^T x,    grad_b = sum of grad_y over the rows
    """

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        x, weight = ctx.saved_tensors
        rows = grad_y.flatten(0, -2)  # (B * T, out)
        grad_x = product(grad_y, weight.t())
        grad_weight = transposed_product(rows, x.flatten(0, -2))
        return grad_x, grad_weight, rows.sum(0) if ctx.needs_input_grad[2] else None


class Linear(nn.Linear):
    """`torch.nn.Linear`, its parameters and its numbers, faster on many CPUs.

    >>> Linear(8, 3)(torch.ones(2, 5, 8)).shape
    torch.Size([2, 5, 3])
    """

    def forward(self, x):
        weight, bias = self.weight, self.bias
        if USE_ONEDNN and enough(x, weight) and both_in_float32(x, weight) and agrees():
            multiply = OneDNN.apply if torch.is_grad_enabled() else product
            return multiply(x, weight, bias)
        if self.out_features % ALIGNED and in_16_bits_on_a_gpu(x, weight, bias):
            return F.linear(x, F.pad(weight, (0, 0, 0, -self.out_features % ALIGNED)))[..., : self.out_features]
        return F.linear(x, weight, bias)


def enough(x, weight):
    """Is there enough to multiply for oneDNN to be the faster one?"""
    return x.numel() >= FEW * x.shape[-1] and x.numel() * len(weight) >= LEAST


def both_in_float32(x, weight):
    """Is this a product of float32 numbers on the CPU, not to be cast to bfloat16?"""
    return x.is_cpu and x.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")


def in_16_bits_on_a_gpu(x, weight, bias):
    """Does a GPU multiply in 16 bits here, without a bias?

    GPT-1's vocabulary of 40,478 is no multiple of 8: the rows of its logits are not aligned to 16 bytes, and the GPU
    takes a slow kernel. With two more rows of zeros they are.
    """
    return bias is None and x.is_cuda and torch.is_autocast_enabled("cuda")
