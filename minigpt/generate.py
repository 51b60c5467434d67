"""Next-token prediction, again and again: x_t ~ P(x_t | x_1 .. x_{t-1}), then x_t joins the text.

    P(x) = softmax(h_T W^L / temperature), kept to the top_k most likely tokens, or to the top_p share of probability
Lecture page "Next-token prediction"; top-p: Holtzman et al. 2020.
"""

import math

import torch

from minigpt.files import InputError


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """What to draw from: logits (..., |V|) -> probabilities (..., |V|).

    Args:
        temperature: below 1 sharpens, above 1 flattens; 0 puts all on the most likely token (greedy).
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
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    ordered, order = (logits / temperature).softmax(-1).sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered  # the probability of all likelier tokens
    dropped = torch.zeros_like(ordered, dtype=torch.bool)
    if top_k is not None:
        dropped[..., top_k:] = True
    if top_p is not None:
        dropped |= before >= top_p
    kept = torch.zeros_like(ordered).scatter(-1, order, ordered.masked_fill(dropped, 0.0))
    return kept / kept.sum(-1, keepdim=True)


@torch.no_grad()
def generate(model, ids, max_new_tokens, temperature=1.0, top_k=None, top_p=None, generator=None, end_id=None):
    """Continue each text of a batch.

    Args:
        ids: (B, T), each row a text that starts with `<s>`. Past n_ctx tokens the model sees the last n_ctx.
        generator: a `torch.Generator`, for draws that can be repeated; None uses PyTorch's own.
        end_id: stop when every row has drawn it; what follows it in a row is `end_id` again.
    Returns:
        (B, T + new) with new at most max_new_tokens.
    """
    if ids.ndim != 2 or ids.shape[1] == 0:
        raise InputError(
            f"ids must be (B, T) with T of at least 1, got {tuple(ids.shape)}; begin with the start marker"
        )
    model.eval()
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    for _ in range(max_new_tokens):
        logits = model(ids[:, -model.config.n_ctx :])[:, -1]  # (B, |V|)
        probabilities = next_token_probabilities(logits, temperature, top_k, top_p)
        drawn = torch.multinomial(probabilities, 1, generator=generator)  # (B, 1)
        if end_id is not None:
            drawn[ended] = end_id
            ended |= drawn[:, 0] == end_id
        ids = torch.cat([ids, drawn], dim=1)
        if ended.all():
            break
    return ids
