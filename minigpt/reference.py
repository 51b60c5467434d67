"""Equation (2) in NumPy alone, float64, nothing hidden: the reference that the PyTorch model is checked against.

Read downwards: softmax, layer norm, GELU; attention forward and backward; several heads; a decoder block; the model.
Lecture pages "TransformerDecoder" and "Unsupervised pre-training"; Vaswani et al. 2017; Radford et al. 2018.
"""

import math

import numpy as np


def softmax(x):
    """exp(x_i) / sum_j exp(x_j) along the last axis; the largest x is subtracted first, so that exp stays finite.

    >>> softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x, gain, bias, eps=1e-5):
    """gain * (x - mean) / sqrt(variance + eps) + bias, over the last axis. Source: Ba et al. 2016.

    >>> layer_norm(np.array([1.0, 3.0]), gain=1.0, bias=0.0, eps=0.0)
    array([-1.,  1.])
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + eps) * gain + bias


def gelu(x):
    """GPT-1's GELU: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Source: Hendrycks and Gimpel 2016.

    >>> gelu(np.array([-10.0, 0.0, 10.0]))
    array([-0.,  0., 10.])
    """
    c = math.sqrt(2 / math.pi)
    u = x * (c + 0.044715 * c * (x * x))  # NumPy's x**3 takes a hundred times as long
    return 0.5 * x * (1 + np.tanh(u))


def attention(q, k, v):
    """Scaled dot-product attention; each position sees itself and the past.

        softmax(q k^T / sqrt(d_k) + mask) v        mask: 0 on and below the diagonal, -inf above

    Args:
        q, k, v: float arrays (..., T, d_k) with equal leading axes (batch, heads).
    Returns:
        out (..., T, d_k), and weights (..., T, T) whose rows sum to 1.
    Raises:
        ValueError: if the shapes disagree.
    Source: Vaswani et al. 2017, section 3.2.1.

    >>> out, weights = attention(*np.ones((3, 2, 4)))
    >>> weights
    array([[1. , 0. ],
           [0.5, 0.5]])
    """
    if not q.shape == k.shape == v.shape:
        raise ValueError(f"q, k, v must have one shape, got {q.shape}, {k.shape}, {v.shape}")
    T, d_k = q.shape[-2:]
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(d_k)  # (..., T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = softmax(scores)
    return weights @ v, weights


def attention_backward(grad_out, q, k, v):
    """The gradient of a loss at q, k and v, from grad_out, its gradient at attention's output.

    With A = softmax(S), S = q k^T / c + mask, out = A v, where c = sqrt(d_k), and grad_X for the gradient at X:

        grad_v = A^T grad_out,                              from out = A v
        grad_A = grad_out v^T
        grad_S = A * (grad_A - rowsum(grad_A * A)),         softmax: dA_i / dS_j = A_i (1[i = j] - A_j)
        grad_q = grad_S k / c,   grad_k = grad_S^T q / c

    Where the mask is -inf, A is 0, so grad_S is 0 there: the output at t sends no gradient to keys and values after t.

    Args:
        grad_out, q, k, v: (..., T, d_k).
    Returns:
        grad_q, grad_k, grad_v: (..., T, d_k).
    Source: derived here; chapter 02 goes through it line by line.
    """
    if grad_out.shape != v.shape:
        raise ValueError(f"grad_out must have the shape of v, {v.shape}, got {grad_out.shape}")
    _, A = attention(q, k, v)  # (..., T, T)
    c = math.sqrt(q.shape[-1])
    grad_v = A.swapaxes(-1, -2) @ grad_out
    grad_A = grad_out @ v.swapaxes(-1, -2)
    grad_S = A * (grad_A - (grad_A * A).sum(axis=-1, keepdims=True))
    grad_q = grad_S @ k / c
    grad_k = grad_S.swapaxes(-1, -2) @ q / c
    return grad_q, grad_k, grad_v


def multi_head(x, W_qkv, b_qkv, W_o, b_o, n_head):
    """head_i = attention(x W^Q_i, x W^K_i, x W^V_i);   MultiHead(x) = [head_1 .. head_H] W^O.

    Args:
        x: (T, d_model). W_qkv (d_model, 3 d_model): W^Q, W^K, W^V side by side, in each the heads side by side.
    Returns:
        (T, d_model).
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    T, C = x.shape
    q, k, v = (x @ W_qkv + b_qkv).reshape(T, 3, n_head, C // n_head).transpose(1, 2, 0, 3)  # (H, T, d_k) each
    out, _ = attention(q, k, v)  # (H, T, d_k)
    return out.swapaxes(0, 1).reshape(T, C) @ W_o + b_o


def decoder_block(x, p, n_head):
    """One layer, post-LN: n = LN1(x + attention(x)), h = LN2(n + gelu(n W_1 + b_1) W_2 + b_2); x is (T, d_model).

    `p` has the weights W and biases b, and the gains g and biases c of the two layer norms.
    """
    a = multi_head(x, p["W_qkv"], p["b_qkv"], p["W_o"], p["b_o"], n_head)
    n = layer_norm(x + a, p["g_1"], p["c_1"])
    m = gelu(n @ p["W_1"] + p["b_1"]) @ p["W_2"] + p["b_2"]
    return layer_norm(n + m, p["g_2"], p["c_2"])


def forward(params, ids, config):
    """The whole of eq. (2), without the last softmax, for each text of a batch.

        h^[0] = e_x W^e + W^p,   h^[l] = Decoder(h^[l-1]),   logits = h^[L] W^L

    The lecture's h_T, from x' = x_1 .. x_{t-1}, is the state at position t - 1; its logits are for x_t.

    Args:
        params: from `params_from`. ids: whole numbers (B, T). config: has n_layer and n_head.
    Returns:
        logits (B, T, |V|).
    Source: Radford et al. 2018, eq. (2).
    """
    return np.stack([forward_text(params, text, config) for text in ids])  # one by one: arrays that fit the cache


def forward_text(params, ids, config):
    """Eq. (2) for one text: ids (T) -> logits (T, |V|)."""
    h = params["W_e"][ids] + params["W_p"][: len(ids)]  # (T, d_model): a look-up
    for layer in range(config.n_layer):
        block = {name.split(".")[1]: p for name, p in params.items() if name.startswith(f"{layer}.")}
        h = decoder_block(h, block, config.n_head)
    return h @ params["W_L"]


# The equation's name for each tensor of the model; PyTorch keeps the matrices of its layers transposed.
BLOCK_NAMES = {
    "attention.qkv.weight": "W_qkv", "attention.qkv.bias": "b_qkv",
    "attention.out.weight": "W_o", "attention.out.bias": "b_o",
    "ln_1.weight": "g_1", "ln_1.bias": "c_1", "ln_2.weight": "g_2", "ln_2.bias": "c_2",
    "mlp.0.weight": "W_1", "mlp.0.bias": "b_1", "mlp.2.weight": "W_2", "mlp.2.bias": "b_2",
}  # fmt: skip


def params_from(model):
    """The weights of a `minigpt.model.GPT` as float64 arrays under the equations' names: W_e, W_p, W_L, 0.W_qkv, ..."""
    arrays = {name: tensor.detach().cpu().double().numpy() for name, tensor in model.state_dict().items()}
    params = {"W_e": arrays["token_embedding.weight"], "W_p": arrays["position_embedding.weight"]}
    params["W_L"] = np.ascontiguousarray(arrays["lm_head.weight"].T)  # laid out in memory as it is read
    for layer in range(model.config.n_layer):
        for theirs, ours in BLOCK_NAMES.items():
            array = arrays[f"blocks.{layer}.{theirs}"]
            params[f"{layer}.{ours}"] = np.ascontiguousarray(array.T)
    return params
