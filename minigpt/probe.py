"""Equation (3) on a body that stays as it is: its states at `<e>` are computed once, and W^y alone is fitted to them.

    examples --format--> sequences --body, once--> states (N, S, d_model)
    minimise over W^y:   -mean over (x, y) of log P(y | x)  +  |W^y|^2 / 2N

No step goes through the body, so that GPT-1 learns a task on a laptop in the time of reading it once. The loss is
convex in W^y: there is one minimum, no rate to choose and nothing drawn; L-BFGS finds it. The paper trains all weights,
which gives more; what W^y alone reaches says what pre-training had already put into the states (Alain and Bengio 2016).
"""

import torch
from torch.nn.utils.rnn import pad_sequence

from minigpt.support.errors import InputError
from minigpt.support.progress import progress as shown
from minigpt.task_model import warm_markers

ITERATIONS = 200


@torch.no_grad()
def states_at_end(model, examples, batch_size=16, progress=True):
    """What the body makes of each example.

    Returns:
        states (N, S, d_model) and last (N, S), -1 where an example has fewer sequences; and how many examples were cut.
    """
    model.eval()
    sequences, n_cut = model.encode(examples)
    device = model.head.w_y.weight.device
    order = sorted(range(len(examples)), key=lambda i: max(map(len, sequences[i])))
    states, last = [None] * len(examples), [None] * len(examples)
    for at in shown(range(0, len(order), batch_size), "reading", progress, leave=False):
        chosen = order[at : at + batch_size]
        batch = model.batch([sequences[i] for i in chosen], device)
        for i, state, end in zip(chosen, model.states(model.hidden(batch), batch.last), batch.last, strict=True):
            states[i], last[i] = state, end
    return pad_sequence(states, batch_first=True), pad_sequence(last, batch_first=True, padding_value=-1), n_cut


def probe(model, examples, progress=True):
    """Fit W^y to `examples`, in place; the body does not move, but for the rows of `$` and `<e>`, see `warm_markers`.

    Args:
        model: a `TaskModel`, on the device where it is.
    Returns:
        {"loss": eq. (4) at the minimum, "cut": how many examples were too long and were cut}.
    Raises:
        InputError: if a state is not finite.
    """
    numbers = model.kind.numbers(examples)
    warm_markers(model.body, model.tok)  # a body that stays cannot learn what to gather at a marker
    states, last, n_cut = states_at_end(model, examples, progress=progress)
    if not states.isfinite().all():
        raise InputError("a state of the body is not finite: its weights are damaged; restore the model")
    weight, numbers = model.head.w_y.weight, numbers.to(states.device)
    optimizer = torch.optim.LBFGS([weight], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def eq4():
        return model.kind.loss(model.head(states, last), numbers)

    def closure():
        optimizer.zero_grad()
        loss = eq4() + weight.square().sum() / (2 * len(examples))
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        return {"loss": eq4().item(), "cut": n_cut}
