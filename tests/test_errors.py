"""What is refused at the boundary: whole numbers are whole."""

import numpy as np
import pytest

from minigpt.finetune import FinetuneConfig
from minigpt.support.errors import InputError, require_whole
from minigpt.train import TrainConfig


@pytest.mark.parametrize("value", [2.5, 2.0, 0, -1, True, "3", None, float("nan")])
def test_not_a_whole_number(value):
    for make in (lambda: TrainConfig(steps=value), lambda: FinetuneConfig(epochs=value)):
        with pytest.raises(InputError, match=r"must be a whole number from 1"):
            make()


def test_whole_numbers_of_numpy_too():
    require_whole("steps", np.int64(3))
    require_whole("seed", 0, least=0)
