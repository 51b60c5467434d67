"""One more arm of the real table: a model that was pre-trained elsewhere, GPT-1 say, on the same labels.

It brings its own tokenizer. Either all weights are fine-tuned, with GPT-1's recipe but for the auxiliary loss, which
would keep 40,000 logits a token; or the body stays, and W^y alone is fitted to its states (`probe.py`): minutes on a
laptop where all weights take hours. Radford et al. 2018, section 4.1.
"""

import dataclasses

from minigpt.finetune import FinetuneConfig, finetune
from minigpt.pretrained import load_body
from minigpt.probe import probe
from minigpt.support.device import time_for
from minigpt.task_model import TaskModel

ARM = "named model"
RECIPE = FinetuneConfig(epochs=3, batch_size=32, lr=6.25e-5, accumulate=8)  # in parts: less memory, the same sums


def arm(setting, folder, frozen, seed, device, progress=False):
    """The model in `folder` on each task of `setting`: {task: (answers to the test examples, how many were cut)}."""
    found = {}
    for name, data in setting.tasks.items():
        tok, body = load_body(folder)
        model = TaskModel.for_examples(data.task, tok, body, data.train, seed).to(device)
        if frozen:
            done = probe(model, data.train, progress)
        else:
            done = finetune(model, data.train, dataclasses.replace(RECIPE, seed=seed), progress)
        found[name] = model.predict(data.test, batch_size=16), done["cut"]
    return found


def estimate(setting, folder, frozen, seed):
    """About how long the arm takes on this CPU with the threads that there are, in words."""
    tok, body = load_body(folder)
    n_read = n_learnt = 0
    for data in setting.tasks.values():
        model = TaskModel.for_examples(data.task, tok, body, data.train, seed)
        n_train, n_test = map(model.n_tokens, (data.train, data.test))
        n_read += n_test + (n_train if frozen else 0)
        n_learnt += 0 if frozen else RECIPE.epochs * n_train
    return time_for(sum(p.numel() for p in body.blocks.parameters()), n_read, n_learnt)
