"""torch tensors: a storage saved once, out of band, however many tensors see it; those on a GPU by way of the CPU."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

from .attributes import attributes

if TYPE_CHECKING:
    from .links import Walker
    from .snapshot import Snapshotter

DEVICE_BITS = 56
"""Where the number of a device stands in what is taken for an address: no two devices share memory."""


class Memory:
    """A storage while it is saved: one object for all tensors that see it."""

    def __init__(self, storage: Any) -> None:
        """Stand for a storage."""
        self.storage = storage


def visit(walker: Walker, index: int, tensor: Any, extra: list[Any]) -> None:
    """Note the memory of a tensor, and what else it holds."""
    problem = unsaved(tensor)
    if problem:
        walker.problem(index, problem)
        return
    start, size = _place(tensor.untyped_storage())
    if size:
        walker.note_memory(start, start + size, index, "tensor")
    extra += [tensor.grad, attributes(tensor)]


def unsaved(tensor: Any) -> str:
    """Say, in words, why a tensor can't be saved; empty if it can."""
    torch = sys.modules["torch"]
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return f"a tensor of type {type(tensor).__qualname__} can't be saved"
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested or tensor.device.type == "meta":
        return "a sparse, nested, quantized or meta tensor can't be saved"
    if tensor.is_conj() or tensor.is_neg():
        return "a view of a tensor that negates or conjugates can't be saved"
    if tensor.grad_fn is not None:
        return "a tensor that belongs to a computation graph can't be saved: detach() gives one that can"
    if tensor._backward_hooks or getattr(tensor, "_post_accumulate_grad_hooks", None):
        return "a tensor with hooks can't be saved"
    return ""


def reduce_tensor(pickler: Snapshotter, tensor: Any) -> Any:
    """Save a tensor by its storage and how it sees that."""
    problem = unsaved(tensor)
    if problem:
        pickler.refuse(problem)
    storage = tensor.untyped_storage()
    place = (*_place(storage), str(storage.device))
    if place[1] == 0:
        memory = Memory(storage)
        pickler.keep.append(memory)
    else:
        memory = pickler.tensors.setdefault(place, Memory(storage))
    seen = (str(tensor.dtype).removeprefix("torch."), tensor.storage_offset(), tuple(tensor.size()), tensor.stride())
    parameter = type(tensor) is sys.modules["torch"].nn.Parameter
    state = (tensor.grad, attributes(tensor))
    plain = state[0] is None and not state[1]
    made = (made_tensor, (memory, *seen, bool(tensor.requires_grad), parameter))
    return made if plain else (*made, state, None, None, set_tensor)


def reduce_memory(pickler: Snapshotter, memory: Memory) -> Any:
    """Save a storage's bytes."""
    import ctypes

    torch = sys.modules["torch"]
    storage, device = memory.storage, str(memory.storage.device)
    pickler.limit.room(storage.nbytes())
    if not storage.nbytes():
        return made_memory, (b"", device)
    if storage.device.type != "cpu":
        storage = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage).cpu().untyped_storage()
    data = (ctypes.c_char * storage.nbytes()).from_address(storage.data_ptr())
    data.storage = storage  # lives as long as what is written from it
    return made_memory, (pickle.PickleBuffer(data), device)


def _place(storage: Any) -> tuple[int, int]:
    number = 0 if storage.device.type == "cpu" else 1 + (storage.device.index or 0)
    return storage.data_ptr() + (number << DEVICE_BITS), storage.nbytes()


# What a saved tensor calls when it is loaded: never rename these.


def made_memory(data: Any, device: str) -> Any:
    """Make a storage that owns a copy of the bytes."""
    import torch

    if not len(memoryview(data)):
        return torch.empty(0, dtype=torch.uint8, device=device).untyped_storage()
    own = torch.frombuffer(bytearray(data), dtype=torch.uint8).clone()
    return own.to(device).untyped_storage()


def made_tensor(
    storage: Any, dtype: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...], grad: bool, parameter: bool
) -> Any:
    """Make a tensor that sees a storage."""
    import torch

    made = torch.empty(0, dtype=getattr(torch, dtype), device=storage.device)
    made.set_(storage, offset, size, stride)
    if parameter:
        return torch.nn.Parameter(made, requires_grad=grad)
    return made.requires_grad_() if grad else made


def set_tensor(tensor: Any, state: tuple[Any, dict[str, Any]]) -> None:
    """Give a tensor its gradient and its attributes."""
    gradient, attributes = state
    tensor.grad = gradient
    tensor.__dict__.update(attributes)
