"""Equation (2): PyTorch against NumPy, causality to the bit, saving and loading, and refusals."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from checks import assert_causal, assert_eq2_correct
from safetensors.torch import load_file, save_file

from minigpt import reference
from minigpt.model import GPT, DecoderBlock, GPTConfig
from minigpt.support.errors import InputError

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")),
]


def random_model(seed, tie_weights, factor=1.0, dtype=torch.float64):
    """A model of random shape; biases and gains are drawn too, so that none can be forgotten unseen."""
    rng = np.random.default_rng(seed)
    n_head = int(rng.integers(1, 4))
    sizes = {
        "n_ctx": int(rng.integers(5, 9)),
        "n_layer": int(rng.integers(1, 4)),
        "d_model": n_head * int(rng.integers(2, 6)),
    }
    config = GPTConfig(
        vocab_size=int(rng.integers(5, 20)), n_head=n_head, dropout=0.0, tie_weights=tie_weights, **sizes
    )
    model = GPT(config, seed).to(dtype).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(factor * torch.randn(parameter.shape, generator=generator, dtype=dtype) / 2)
    ids = rng.integers(config.vocab_size, size=(3, config.n_ctx))
    return model, ids


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 2e-4)])
@pytest.mark.parametrize("tie_weights", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_torch_is_numpy(seed, tie_weights, dtype, bound, device):
    model, ids = random_model(seed, tie_weights)
    expected = reference.forward(reference.params_from(model), ids, model.config)
    logits = model.to(device, dtype)(torch.tensor(ids, device=device))
    np.testing.assert_allclose(logits.detach().cpu().numpy(), expected, atol=bound)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_eq2(tie_weights):
    model, ids = random_model(7, tie_weights)
    params = reference.params_from(model)
    assert_eq2_correct(reference.forward(params, ids, model.config), params, ids, model.config)


def pre_ln(block, x, *_):
    n = x + block.attention(block.ln_1(x))
    return n + block.mlp(block.ln_2(n))


def no_mask(block, x, *_):
    q, k, v = block.attention.heads(x)
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    n = block.ln_1(x + block.attention.out(out))
    return block.ln_2(n + block.mlp(n))


def no_residual(block, x, *_):
    n = block.ln_1(block.attention(x))
    return block.ln_2(n + block.mlp(n))


def exact_gelu(block, x, *_):
    n = block.ln_1(x + block.attention(x))
    return block.ln_2(n + block.mlp[2](torch.nn.functional.gelu(block.mlp[0](n))))


@pytest.mark.parametrize("wrong", [pre_ln, no_mask, no_residual, exact_gelu])
def test_eq2_check_catches(wrong, monkeypatch):
    model, ids = random_model(7, False)
    params = reference.params_from(model)
    assert_eq2_correct(model(torch.tensor(ids)).detach().numpy(), params, ids, model.config)
    monkeypatch.setattr(DecoderBlock, "forward", wrong)
    with pytest.raises(AssertionError):
        assert_eq2_correct(model(torch.tensor(ids)).detach().numpy(), params, ids, model.config)


@pytest.mark.parametrize("factor", [1, 50])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_causal_to_the_bit(factor, dtype):
    """Also with weights 50 times too large, where the softmax is all but one-hot."""
    model, _ = random_model(3, False, factor, dtype)
    assert_causal(
        lambda ids: model.hidden(torch.tensor(ids)).detach().numpy(),
        model.config.vocab_size,
        model.config.n_ctx,
    )


def test_causality_check_catches_a_leak(monkeypatch):
    model, _ = random_model(3, False)
    monkeypatch.setattr(DecoderBlock, "forward", no_mask)
    with pytest.raises(AssertionError, match="reached the past"):
        assert_causal(lambda ids: model.hidden(torch.tensor(ids)).detach().numpy(), model.config.vocab_size, 5)


def test_right_padding_changes_nothing():
    model, ids = random_model(5, False)
    short = torch.tensor(ids[:, :3])
    torch.testing.assert_close(model(torch.tensor(ids))[:, :3], model(short), atol=1e-12, rtol=0)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_save_and_load(tmp_path, tie_weights):
    model, ids = random_model(1, tie_weights, dtype=torch.float32)
    model.save(tmp_path)
    loaded = GPT.load(tmp_path).eval()
    assert loaded.config == model.config
    assert (loaded(torch.tensor(ids)) == model(torch.tensor(ids))).all()
    assert (loaded.lm_head.weight is loaded.token_embedding.weight) == tie_weights


@pytest.mark.parametrize(("d_model", "std"), [(768, 0.02), (48, 0.08)])
def test_products_start_as_large_as_in_gpt1(d_model, std):
    model = GPT(GPTConfig(vocab_size=400, n_ctx=64, n_layer=1, n_head=4, d_model=d_model))
    for name, tensor in model.named_parameters():
        if tensor.ndim == 2:
            assert tensor.std().item() == pytest.approx(std, rel=0.03), name
        else:
            assert tensor.eq(1 if "ln_" in name and "weight" in name else 0).all(), name


def test_seed_decides_the_weights():
    config = GPTConfig(vocab_size=10, n_ctx=4, n_layer=1, n_head=1, d_model=4)
    weights = [GPT(config, seed).blocks[0].mlp[0].weight for seed in (0, 0, 1)]
    assert (weights[0] == weights[1]).all() and (weights[0] != weights[2]).any()


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"d_model": 10, "n_head": 3}, "10.*3 heads"),
        ({"n_layer": 0}, "n_layer is 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"vocab_size": 2.5}, "vocab_size is 2.5"),
        ({"vocab_size": np.int64(10)}, "vocab_size is np.int64.*an int"),
        ({"tie_weights": 1}, "tie_weights is 1"),
    ],
)
def test_config_refuses(changed, names):
    with pytest.raises(InputError, match=names):
        GPTConfig(**{"vocab_size": 10, "n_ctx": 4, "n_layer": 1, "n_head": 1, "d_model": 4} | changed)


def test_config_goes_through_json():
    config = GPTConfig(vocab_size=10, n_ctx=4, n_layer=1, n_head=1, d_model=4, tie_weights=True)
    assert GPTConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    with pytest.raises(InputError, match="n_lyer"):
        GPTConfig.from_json(config.to_json() | {"n_lyer": 2})
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.n_ctx = 5


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ([[1, 99]], "token id 99 at position 1"),
        ([[-1]], "token id -1 at position 0"),
        ([[0] * 25], "25 tokens.*n_ctx 24"),
        ([1, 2], r"\(B, T\)"),
        ([[0.5]], "whole numbers"),
    ],
)
def test_ids_are_refused(tiny, ids, names):
    with pytest.raises(InputError, match=names):
        tiny(torch.tensor(ids))


def spoil(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda t: t.pop("lm_head.weight"), "lm_head.weight.*the file has nothing"),
        (lambda t: t.update(extra=torch.ones(2)), "extra.*should be nothing"),
        (lambda t: t.update({"lm_head.weight": torch.ones(2, 3)}), r"lm_head.weight.*\(2, 3\)"),
    ],
)
def test_load_names_the_wrong_tensor(tmp_path, tiny, change, names):
    tiny.save(tmp_path)
    spoil(tmp_path, change)
    with pytest.raises(InputError, match=names):
        GPT.load(tmp_path)


def test_load_refuses_a_second_output_matrix_beside_tied_weights(tmp_path):
    config = GPTConfig(vocab_size=10, n_ctx=4, n_layer=1, n_head=1, d_model=4, tie_weights=True)
    GPT(config).save(tmp_path)
    spoil(tmp_path, lambda t: t.update({"lm_head.weight": torch.ones(10, 4)}))
    with pytest.raises(InputError, match=r"lm_head.weight.*should be nothing"):
        GPT.load(tmp_path)


def test_load_refuses_damaged_files(tmp_path, tiny):
    with pytest.raises(InputError, match=r"config\.json does not exist"):
        GPT.load(tmp_path)
    tiny.save(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        GPT.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        GPT.load(tmp_path)
