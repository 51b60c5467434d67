"""Next-token prediction, again and again: x_t ~ P(x_t | x_1 .. x_{t-1}), then x_t joins the text.

    P(x) = softmax(h_T W^L / temperature), kept to the top_k most likely tokens, or to the top_p share of probability
Read upwards from `generate`. Lecture page "Next-token prediction"; top-p: Holtzman et al. 2020.
"""

import math
from functools import partial

import torch

from minigpt.fast.cache import CachedReader
from minigpt.support.errors import InputError, require_whole

MOST = 1_000_000  # new tokens, for which room is made at once
LEAST = 1e-6  # of a temperature: below, a division by it leaves float32
FIRST = 256  # tokens that are put in order for top_p, before all of them are: mostly they hold enough


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """What to draw from: logits (..., |V|) -> probabilities (..., |V|).

    Args:
        temperature: below 1 sharpens, above 1 flattens; below 1e-6 all is on the most likely token (greedy).
        top_k: keep the k most likely tokens. top_p: keep the most likely ones until their sum reaches p.
    Raises:
        InputError: for a value out of range.

    >>> next_token_probabilities(torch.tensor([1.0, 1.0, 0.0]), top_k=2)
    tensor([0.5000, 0.5000, 0.0000])
    """
    if not 0 <= temperature < math.inf:
        raise InputError(f"temperature is {temperature}; it must be at least 0 (0 is greedy)")
    if top_k is not None and (type(top_k) is not int or top_k < 1):
        raise InputError(f"top_k is {top_k}; it must be a whole number of at least 1, or None")
    if top_p is not None and not 0 < top_p <= 1:
        raise InputError(f"top_p is {top_p}; it must be above 0 and at most 1, or None")
    if temperature < LEAST:
        return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    probabilities = ((logits - logits.amax(-1, keepdim=True)) / temperature).softmax(-1)
    if top_k is None and top_p in (None, 1):
        return probabilities
    ordered, order = likeliest(probabilities, top_k, top_p)
    if top_p is not None:
        dropped = ordered.cumsum(-1) - ordered >= top_p  # the probability of all likelier tokens
        dropped[..., 0] = False  # the likeliest stays, however small top_p is
        ordered = ordered.masked_fill(dropped, 0.0)
    kept = torch.zeros_like(probabilities).scatter(-1, order, ordered)
    return kept / kept.sum(-1, keepdim=True)


def likeliest(probabilities, top_k, top_p):
    """The likeliest tokens in order, their probabilities and ids: top_k of them, or as many as reach top_p.

    To find the first few of a vocabulary takes a tenth of the time of sorting it.
    """
    ordered, order = probabilities.topk(min(top_k or FIRST, probabilities.shape[-1]))
    if top_k is None and (ordered.sum(-1) < top_p).any():
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
    return ordered, order


def draw(probabilities, generator=None):
    """One token a row from (B, |V|): the first at which the running sum passes a number drawn evenly from 0 to 1.

    That is one draw a row; `torch.multinomial` makes one for each token of the vocabulary. A generator may live on the
    CPU while the model does not; a Mac's GPU has no float64, so there the sums are the CPU's.

    >>> draw(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    tensor([1, 2])
    """
    home = probabilities.device
    sums = (probabilities.cpu() if home.type == "mps" else probabilities).cumsum(-1, dtype=torch.double)
    where = generator.device if generator else sums.device
    dtype = torch.float if where.type == "mps" else sums.dtype
    even = torch.rand(len(sums), 1, generator=generator, dtype=dtype, device=where).to(sums)
    return torch.searchsorted(sums, even * sums[:, -1:], right=True)[:, 0].to(home)  # never the end: even is below 1


def rectangle(prompts, width, n_ctx, device="cpu"):
    """Prompts as a tensor (B, longest + width), zeros where nothing stands yet, and their lengths (B,)."""
    lengths = [len(prompt) for prompt in prompts]
    if not lengths or min(lengths) == 0:
        raise InputError(f"each prompt must hold at least one id, got lengths {lengths}; begin with the start marker")
    if max(lengths) > n_ctx:
        raise InputError(f"a prompt of {max(lengths)} tokens is longer than n_ctx {n_ctx}; give its last {n_ctx}")
    ids = torch.zeros(len(lengths), max(lengths) + width, dtype=torch.long, device=device)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.as_tensor(prompt)
    return ids, torch.tensor(lengths, device=device)


def last_logits(model, ids, lengths, longest):
    """Logits of what follows each row's last token, its last n_ctx tokens being read: (B, |V|).

    Args:
        ids: (B, at least `longest`). lengths: (B,), how many ids of each row are its text. longest: the greatest.
    """
    rows, n_ctx = torch.arange(len(ids), device=ids.device), model.config.n_ctx
    first = (lengths - n_ctx).clamp(min=0)  # (B,)
    window = first[:, None] + torch.arange(min(longest, n_ctx), device=ids.device)  # (B, T)
    states = model.hidden(ids[rows[:, None], window])  # (B, T, d_model)
    return model.lm_head(states[rows, lengths - first - 1])


def generate(
    model,
    ids,
    max_new_tokens,
    temperature=1.0,
    top_k=None,
    top_p=None,
    generator=None,
    use_cache=True,
    end_id=None,
):
    """Go on with each text of a batch.

    Args:
        ids: (B, T), or a list of B lists of ids that may differ in length; each a text that starts with `<s>`.
            When a text grows past n_ctx tokens, the model sees the last n_ctx.
        generator: a `torch.Generator`, for draws that can be repeated; None uses PyTorch's own.
        use_cache: keep keys and values, see `fast/cache.py`: the same logits, to rounding, in less time.
        end_id: a row ends with this id; the work stops when every row has.
    Returns:
        (B, T + new) with new at most max_new_tokens, a row that ended being filled up with `end_id`;
        for a list of lists, a list of lists, each to its own end.
    Raises:
        InputError: for a setting out of range, an empty prompt, or one that is longer than n_ctx.
    """
    require_whole("max_new_tokens", max_new_tokens, most=MOST)
    device = model.token_embedding.weight.device
    text, lengths = rectangle(ids, max_new_tokens, model.config.n_ctx, device)
    read = partial(last_logits, model.eval())
    if use_cache:
        read = CachedReader(model, len(text), whole=read)

    def choose(logits):
        return draw(next_token_probabilities(logits, temperature, top_k, top_p), generator)

    new = fill_in(text, lengths, max_new_tokens, read, choose, end_id)
    if isinstance(ids, torch.Tensor):
        return text[:, : ids.shape[1] + new]
    return [until_end(row, len(prompt), new, end_id) for row, prompt in zip(text.tolist(), ids, strict=True)]


@torch.inference_mode()  # as no_grad, with less bookkeeping for each operation
def fill_in(text, lengths, max_new_tokens, read, choose, end_id):
    """Write new tokens behind each row's text, in place: `read` gives logits, `choose` picks; returns how many."""
    ended = torch.zeros(len(text), dtype=torch.bool, device=text.device)
    longest, new = int(lengths.max()), 0
    while new < max_new_tokens and not (end_id is not None and ended.all()):
        drawn = choose(read(text, lengths, longest))  # (B,)
        if end_id is not None:
            drawn = drawn.masked_fill(ended, end_id)
            ended |= drawn == end_id
        text.scatter_(1, lengths[:, None], drawn[:, None])
        lengths, longest, new = lengths + 1, longest + 1, new + 1
    return new


def until_end(row, n_prompt, n_new, end_id):
    """A prompt with its new tokens, to the first `end_id` among them."""
    new = row[n_prompt : n_prompt + n_new]
    return row[:n_prompt] + (new[: new.index(end_id) + 1] if end_id in new else new)
