"""Files of tensors: safetensors, never a pickle, and taken only if they hold exactly what is expected."""

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from minigpt.support.errors import InputError
from minigpt.support.files import replacing


def save_tensors(path, tensors, metadata=None):
    """Write {name: tensor}; the file is whole or not there."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, metadata)
        except SafetensorError as error:  # such as a full disk
            raise OSError(f"{path} cannot be written ({error})") from None


def read_tensors(path):
    """Read {name: tensor}, on the CPU.

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        return load_file(path)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the folder's name") from None
    except SafetensorError as error:
        raise InputError(f"{path} is damaged or no safetensors file ({error}); restore it, or train again") from None


def shapes_in(path):
    """{name: shape} of a file, read without its numbers; raises as `read_tensors`."""
    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the folder's name") from None
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is damaged or no safetensors file ({error}); restore it, or train again") from None


def check_tensors(tensors, wanted, path):
    """Raise InputError unless `tensors` {name: tensor} has the shapes of `wanted` {name: shape}, and finite numbers."""
    for name in sorted(wanted.keys() | tensors.keys()):
        want = tuple(wanted[name]) if name in wanted else "nothing"
        came = tuple(tensors[name].shape) if name in tensors else "nothing"
        if want != came:
            raise InputError(
                f"{path}: tensor {name!r} should be {want}, the file has {came}; take config and weights of one run"
            )
        if not torch.isfinite(tensors[name]).all():
            raise InputError(f"{path}: tensor {name!r} holds a number that is not finite; restore it, or train again")


def fill(module, path, tied=()):
    """Load `path` into `module`; `tied` are pairs (name, name of the tensor that it is), of which files have one."""
    tensors = read_tensors(path)
    for name, same in tied:
        if name in tensors:
            raise InputError(f"{path}: tensor {name!r} should be nothing; take config and weights of one run")
        if same in tensors:
            tensors[name] = tensors[same]
    check_tensors(tensors, {name: tensor.shape for name, tensor in module.state_dict().items()}, path)
    module.load_state_dict(tensors)
