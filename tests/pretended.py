"""A device that is not there: tensors on the CPU that say they stand on a GPU, and refuse what a GPU would refuse.

    with Pretended("cuda"):          or "mps", a Mac's
        model.to("cuda")             its tensors are marked; every result of marked ones is marked
        model(ids)                   raises: the ids stand on the CPU

Every call of PyTorch passes through the mode. It knows which tensors meet, not what a GPU computes: a kernel that a
device lacks, its rounding and its speed are not seen.
"""

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

Tensor = torch.Tensor
SAYS = {getattr(Tensor, name).__get__: name for name in ("device", "is_cpu", "is_cuda", "is_mps")}
WAITS = {Tensor.item, Tensor.tolist, Tensor.__bool__, Tensor.__float__, Tensor.__int__, Tensor.__index__}
COPIES = {Tensor.copy_, Tensor.data.__set__, torch._has_compatible_shallow_copy_type}  # from one device to another


class Pretended(TorchFunctionMode):
    """`waits` counts how often Python had to wait for a number of the device."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.device, self.waits = kind, torch.device(kind, 0) if kind == "cuda" else torch.device(kind), 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in SAYS and is_there(args[0]):
            return {"device": self.device, "is_cpu": False}.get(SAYS[func], SAYS[func] == f"is_{self.kind}")
        if func is Tensor.backward:
            with self:  # the engine itself, so that what is computed again on the way back is looked at too
                engine, one = torch.autograd.Variable._execution_engine, torch.ones_like(args[0])
                how = {"allow_unreachable": True, "accumulate_grad": True}
                return engine.run_backward((args[0],), (one,), False, False, (), **how)
        if func in (Tensor.to, Tensor.cpu, Tensor.cuda):
            return self.move(func, args, kwargs)
        home = kwargs.get("device")
        if home is not None and torch.device(home).type == self.kind:
            kwargs["device"] = "cpu"
        else:
            home = None
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        there = [x for x in given if is_there(x)]
        if func not in COPIES and not plain_assignment(func, args):
            self.refuse_mixed(func, given, there)
        if there and func in (Tensor.numpy, Tensor.__array__):
            raise TypeError(f"can't convert {self.kind} device type tensor to numpy")
        self.refuse_generator(kwargs.get("generator"), bool(there or home))
        self.waits += bool(there) and func in WAITS
        done = func(*args, **kwargs)
        if func is Tensor.__iter__ and there:
            return iter(self.mark(list(done)))
        if func == Tensor.data.__set__:
            args[0].there = is_there(args[1])
        elif func in COPIES or plain_assignment(func, args):
            pass  # the tensor that was written to stays where it is
        elif there or home is not None:
            self.mark(done)
        return done

    def move(self, func, args, kwargs):
        """`.to`, `.cpu`: a copy that is marked, or not; without a device in it the tensor stays where it is."""
        tensor, *rest = args
        homes = [x for x in (*rest, *kwargs.values()) if isinstance(x, str | torch.device | Tensor)]
        home = self.device_of(homes[0] if homes else tensor)
        if func is Tensor.cpu:
            home = torch.device("cpu")
        dtypes = [x for x in (*rest, *kwargs.values()) if isinstance(x, torch.dtype)]
        if home.type == ("cpu" if is_there(tensor) else self.kind):
            moved = tensor.clone().to(*dtypes) if dtypes else tensor.clone()  # clone: gradients flow through
        else:
            moved = tensor.to(*dtypes) if dtypes else tensor
        return self.mark(moved) if home.type == self.kind else moved

    def device_of(self, said):
        if isinstance(said, Tensor):
            return self.device if is_there(said) else torch.device("cpu")
        return torch.device(said)

    def refuse_mixed(self, func, given, there):
        others = [x for x in given if not is_there(x) and x.dim()]  # a single number may stand on the CPU
        if there and others:
            name = getattr(func, "__qualname__", None) or repr(func)
            raise RuntimeError(f"Expected all tensors to be on the same device, but {name} met {self.kind} and cpu")

    def refuse_generator(self, generator, there):
        kind = self.kind if there else "cpu"
        if generator is not None and generator.device.type != kind:
            raise RuntimeError(f"Expected a '{kind}' device type for generator but found '{generator.device.type}'")

    def mark(self, result):
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                if self.kind == "mps" and tensor.dtype == torch.float64:
                    raise TypeError("the MPS framework doesn't support float64")
                tensor.there = True
        return result


def is_there(x):
    return isinstance(x, Tensor) and x.__dict__.get("there", False)


def plain_assignment(func, args):
    """`a[1, :3] = b`, which copies from one device to another; with ids as an index it does not."""
    if func is not Tensor.__setitem__:
        return False
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    return all(isinstance(i, int | slice) for i in index)


class Generator(torch.Generator):
    """One that says it is of the pretended device."""

    def __new__(cls, device="cpu"):
        self = super().__new__(cls)
        self.said = torch.device(device)
        return self

    @property
    def device(self):
        return self.said
