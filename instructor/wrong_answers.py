"""Wrong answers that a student, or an assistant, may write: each must get no points, whatever the seed.

    WRONG[question id]    functions of the question's arguments, beside the known mistakes in questions/NN.py

Those marked "once passed" got full points until an edge was added to the question's cases.
"""

import math

import numpy as np

NONE = -np.inf


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def raw_softmax(x):
    """No maximum is taken off."""
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def one_maximum(x):
    """The largest of all rows is taken off, not that of each."""
    e = np.exp(x - x.max())
    return e / e.sum(axis=-1, keepdims=True)


def scores_of(q, k):
    return q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])


def causal(T):
    return np.tri(T, dtype=bool)


def seen_by(visible, out=NONE, soft=softmax):
    """attend(q, k, v, **sizes) with scores of `out` where visible(T, **sizes) is False."""

    def attend(q, k, v, **sizes):
        return soft(np.where(visible(q.shape[-2], **sizes), scores_of(q, k), out)) @ v

    return attend


def in_place(answer, name):
    """The same answer, which writes into one of its arguments."""

    def spoils(**arguments):
        result = answer(**arguments)
        value = arguments[name]
        if isinstance(value, list):
            value.append(value[0] if value else 0)
        else:
            value *= 2
        return result

    return spoils


def window(T, w):
    i, j = np.indices((T, T))
    return (j <= i) & (j > i - w)


def unmasked_when_long(T, w):
    return window(T, w) if w < T else np.ones((T, T), dtype=bool)  # once passed


def window_of_two(T, w):
    return window(T, max(w, 2))  # once passed


def minus_thirty(q, k, v, w):
    return softmax(scores_of(q, k) + np.where(window(len(q), w), 0, -30.0)) @ v  # once passed


def masked_after_softmax(q, k, v, w):
    A = softmax(scores_of(q, k)) * window(len(q), w)
    return A / A.sum(axis=-1, keepdims=True) @ v


def scaled_in_place(q, k, v, w):
    q /= np.sqrt(q.shape[-1])  # once passed
    return softmax(np.where(window(len(q), w), q @ k.T, NONE)) @ v


def prefix(T, p):
    i, j = np.indices((T, T))
    return (j <= i) | (j < p)


def never_whole(T, p):
    return prefix(T, p) if p < T else causal(T)  # once passed


def columns_of_the_prefix(T, p):
    i, j = np.indices((T, T))
    return (j <= i) | ((i < p) & (j <= p))


def alibi(slopes, soft=softmax):
    def attend(q, k, v):
        H, T, _ = q.shape
        i, j = np.indices((T, T))
        scores = scores_of(q, k) - slopes(H)[:, None, None] * (i - j)
        return soft(np.where(j <= i, scores, NONE)) @ v

    return attend


def right_slopes(H):
    return 2.0 ** (-8 * np.arange(1, H + 1) / H)


def whole_steps(H):
    return 2.0 ** (-(8 // H) * np.arange(1, H + 1))  # once passed


def other_end(H):
    return right_slopes(H)[::-1]


def capped(soft=softmax, minus=True, cap_again=False):
    def way_back(grad_out, q, k, v, cap):
        d = q.shape[-1]
        t = np.tanh(scores_of(q, k) / cap)
        A = soft(np.where(causal(len(q)), cap * t, NONE))
        grad_A = grad_out @ v.T
        grad_S = A * (grad_A - (grad_A * A).sum(axis=-1, keepdims=minus) if minus else grad_A)
        grad_R = grad_S * (1 - t**2) / (cap if cap_again else 1) / np.sqrt(d)
        return grad_R @ k, grad_R.T @ q, A.T @ grad_out

    return way_back


def null_key(soft=softmax, at=0):
    def attend(q, k, v, null_key):
        scores = np.where(causal(len(q)), scores_of(q, k), NONE)
        null = (q @ null_key / np.sqrt(q.shape[-1]))[:, None]
        A = soft(np.hstack([null, scores]))
        return A[:, 1:] @ v, A[:, at]

    return attend


def null_added_to_the_keys(q, k, v, null_key):
    keys, values = np.vstack([k, null_key]), np.vstack([v, 0 * null_key])
    A = softmax(np.where(np.tri(len(q), len(q) + 1, dtype=bool), q @ keys.T / np.sqrt(q.shape[-1]), NONE))
    return A @ values, A[:, -1]


def rotary(soft=softmax, first=0, power=None):
    def attend(q, k, v, base):
        T, d = q.shape
        powers = -2 * np.arange(d // 2) / d if power is None else power(d)
        angles = (first + np.arange(T))[:, None] * np.asarray(base, float) ** powers

        def turn(x):
            a, b = x[:, 0::2], x[:, 1::2]
            turned = [a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)]
            return np.stack(turned, axis=-1).reshape(T, d)

        return soft(np.where(causal(T), scores_of(turn(q), turn(k)), NONE)) @ v

    return attend


def grouped(soft=softmax, per_group=False, heads_first=False):
    def attend(q, k, v):
        H, T, _ = q.shape
        n = len(k) if per_group else H // len(k)
        k, v = (np.repeat(x, n, axis=0)[:H] for x in (k, v))
        out = soft(np.where(causal(T), scores_of(q, k), NONE)) @ v
        return out.transpose(1, 2, 0).reshape(T, -1) if heads_first else out.swapaxes(0, 1).reshape(T, -1)

    return attend


def tanh_of_exps(u):
    return (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u))


def gelu(tanh, cube=0.044715):
    c = math.sqrt(2 / math.pi)

    def derivative(x):
        t = tanh(c * (x + cube * x**3))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * cube * x**2)

    return derivative


def differences(x):
    def value(z):
        return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

    return (value(x + 1e-3) - value(x - 1e-3)) / 2e-3


def block(eps=1e-5, ddof=0, soft=softmax, interleaved=False):
    def forward(x, W_qkv, W_o, W_1, W_2):
        T = len(x)

        def norm(y):
            return (y - y.mean(axis=-1, keepdims=True)) / np.sqrt(y.var(axis=-1, ddof=ddof, keepdims=True) + eps)

        joint = norm(x) @ W_qkv
        q, k, v = (joint[:, n::3] for n in range(3)) if interleaved else np.split(joint, 3, axis=-1)
        n = x + soft(np.where(causal(T), scores_of(q, k), NONE)) @ v @ W_o
        u = norm(n) @ W_1
        return n + 0.5 * u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3))) @ W_2

    return forward


def rms(gain_from_y=False, eps_outside=False):
    def backward(grad_out, x, g, eps):
        mean = (x**2).mean(axis=-1, keepdims=True)
        r = np.sqrt(mean) + eps if eps_outside else np.sqrt(mean + eps)
        n = g * x / r / g if gain_from_y else x / r  # y / g: nan where the gain is 0
        grad_n = grad_out * g
        return (grad_n - n * (grad_n * n).mean(axis=-1, keepdims=True)) / r, (grad_out * n).sum(axis=0)

    return backward


def one_hot_tied(ids, grad_h0, h, grad_logits):
    return np.eye(ids.max() + 1)[ids].T @ grad_h0 + (grad_logits.T @ h)[: ids.max() + 1]


def tied_of_unique(ids, grad_h0, h, grad_logits):
    grad = grad_logits.T @ h
    for token, first in zip(*np.unique(ids, return_index=True), strict=True):
        grad[token] += grad_h0[first]
    return grad


def adamw(late=0, order=False, mutate=False, plain_adam=False):
    def step_of(w, g, m, v, step, lr, betas, eps, decay):
        b1, b2 = betas
        if mutate:
            m *= b1  # once passed
            m += (1 - b1) * g
            v *= b2
            v += (1 - b2) * g**2
        else:
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1 ** (step + late)), v / (1 - b2 ** (step + late))
        if order:
            w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
            return w - lr * decay * w, m, v
        return w - lr * m_hat / (np.sqrt(v_hat) + eps) - (0 if plain_adam else lr * decay * w), m, v

    return step_of


def clip_with_eps(grads, max_norm):
    length = math.sqrt(sum((g**2).sum() for g in grads))
    return tuple(g * min(1.0, max_norm / (length + 1e-6)) for g in grads)


def clip_by_largest(grads, max_norm):
    length = max(np.linalg.norm(g) for g in grads)
    return tuple(g * min(1.0, max_norm / length) for g in grads)


def accumulate(soft=softmax, front=False, per_part=False):
    def gradient(W, states, targets):
        total, count = np.zeros(W.shape), 0
        for h, y in zip(states, targets, strict=True):
            n = int((y != -100).sum())
            real = np.arange(len(y)) < n if front else y != -100
            P = soft(h[real] @ W)
            P[np.arange(n), y[real]] -= 1
            total, count = total + h[real].T @ P / (n if per_part else 1), count + (1 if per_part else n)
        return total / count

    return gradient


def to_the_bottom(steps, period, factor, lr, lr_min):
    rates = []
    while len(rates) < steps:
        s = np.arange(period) / max(period - 1, 1)
        rates.extend(lr_min + (lr - lr_min) / 2 * (1 + np.cos(np.pi * s)))
        period *= factor
    return np.array(rates[:steps])


def same_growth(steps, period, factor, lr, lr_min):
    """Cycles of period, period factor, 2 period factor, ..."""
    rates, cycle = [], 0
    while len(rates) < steps:
        n = period * max(1, factor * cycle)
        rates.extend(lr_min + (lr - lr_min) / 2 * (1 + np.cos(np.pi * np.arange(n) / n)))
        cycle += 1
    return np.array(rates[:steps])


def min_p_of(keep, soft=softmax):
    def probabilities(logits, min_p, temperature):
        p = soft(logits / temperature)
        kept = np.where(keep(p, min_p), p, 0.0)
        return kept / kept.sum(axis=-1, keepdims=True)

    return probabilities


def above(p, min_p):
    return p > min_p * p.max(axis=-1, keepdims=True)  # once passed


def at_least(p, min_p):
    return p >= min_p * p.max(axis=-1, keepdims=True)


def of_the_whole_batch(p, min_p):
    return p >= min_p * p.max()


def penalty_in_place(logits, ids, penalty):
    for i in set(ids.tolist()):
        logits[i] = logits[i] / penalty if logits[i] > 0 else logits[i] * penalty  # once passed
    return logits


def only_the_last(logits, ids, penalty):
    changed = logits.copy()
    for i in ids[-1:].tolist():
        changed[i] = changed[i] / penalty if changed[i] > 0 else changed[i] * penalty
    return changed


def exchanged_penalty(logits, ids, penalty):
    changed = logits.copy()
    changed[ids] = np.where(logits[ids] > 0, logits[ids] * penalty, logits[ids] / penalty)
    return changed


def sink_cache(held_at, soft=softmax):
    def attend(q, k, v, sinks, window):
        out, sizes = [], []
        for t in range(len(q)):
            held = held_at(t, sinks, window)
            out.append(soft((k[held] @ q[t] / np.sqrt(q.shape[1]))[None])[0] @ v[held])
            sizes.append(len(held))
        return np.array(out), sizes

    return attend


def cached(t, sinks, window):
    return [j for j in range(t + 1) if j < sinks or j > t - window]


def window_from_two(t, sinks, window):
    return cached(t, sinks, max(window, 2))  # once passed


def sinks_held_twice(t, sinks, window):
    return [*range(min(sinks, t + 1)), *range(max(0, t - window + 1), t + 1)]


def always_a_sink(t, sinks, window):
    return cached(t, max(sinks, 1), window)  # once passed


def beams(width=2, mean=False, keep_start=False, probability=False):
    def search(log_p, start, n):
        texts = [(0.0, [start])]
        for _ in range(n):
            texts = [(s + log_p[ids[-1], x], [*ids, x]) for s, ids in texts for x in range(len(log_p))]
            texts = sorted(texts, key=lambda text: -text[0])[:width]
        score, ids = texts[0]
        return ids if keep_start else ids[1:], float(np.exp(score) if probability else score / n if mean else score)

    return search


def smoothed(log_of):
    def loss(logits, labels, eps):
        B, k = logits.shape
        P, q = softmax(logits), (1 - eps) * np.eye(k)[labels] + eps / k
        return -(q * log_of(P)).sum() / B, (P - q) / B

    return loss


def review(place=None, dtype=int, keep_empty=False):
    def row(title, text, answer, T, start, delimiter, end):
        ids = [start]
        for n, part in enumerate(p for p in (title, text, answer) if p or keep_empty):
            ids += [delimiter] * (n > 0) + list(part)
        last, ids = len(ids), [*ids, end]
        padded = np.array(ids + [0] * (T - len(ids)), dtype=dtype)
        return padded, last if place is None else place(padded)

    return row


def before_the_first_zero(ids):
    return int(np.argmax(ids == 0)) - 1  # once passed


def review_in_place(title, text, answer, T, start, delimiter, end):
    return in_place(review(), "title")(
        title=title, text=text, answer=answer, T=T, start=start, delimiter=delimiter, end=end
    )


def weighted(log_of, divide=lambda weights, labels: weights[labels].sum()):
    def loss(logits, labels, weights):
        log_p = log_of(softmax(logits))[np.arange(len(labels)), labels]
        return -(weights[labels] * log_p).sum() / divide(weights, labels)

    return loss


def mean_head(share):
    def head(hidden, lengths, W, d_logits):
        B, T, _ = hidden.shape
        weights = share(np.arange(T) + np.zeros((B, 1)), lengths[:, None], T)
        return np.einsum("bt,btd->bd", weights, hidden) @ W, weights[:, :, None] * (d_logits @ W.T)[:, None]

    return head


def pair(cut):
    def ids(premise, hypothesis, n_ctx, start, delimiter, end):
        premise, hypothesis = cut(premise, hypothesis, n_ctx - 3)
        return [start, *premise, delimiter, *hypothesis, end]

    return ids


def longest_first(premise, hypothesis, room):
    while len(premise) + len(hypothesis) > room:
        premise, hypothesis = (
            (premise[1:], hypothesis) if len(premise) > len(hypothesis) else (premise, hypothesis[:-1])
        )
    return premise, hypothesis


def two_ids_of_the_premise(premise, hypothesis, room):
    hypothesis = hypothesis[: max(1, room - 2)]
    return premise[-(room - len(hypothesis)) :], hypothesis


def negation(turn, none=0.0):
    def share(answers, answers_negated, labels):
        right = answers == labels
        return float((answers_negated == turn(labels))[right].mean()) if right.any() else none

    return share


def turned(labels):
    return np.array([1, 0, 2])[labels]


def decide(pick, cost_of=None):
    def answer(P, cost):
        expected = P @ cost
        chosen = pick(expected)
        rows = np.arange(len(P))
        return chosen, expected[rows, chosen] if cost_of is None else cost_of(P, cost, chosen)

    return answer


def last_cheapest(expected):
    return expected.shape[1] - 1 - expected[:, ::-1].argmin(axis=1)


def mcnemar(correct=1, none=0.0, p_of=lambda chi2: math.erfc(math.sqrt(chi2 / 2)), no_floor=False):
    def test(right_a, right_b):
        b, c = int(((right_a == 1) & (right_b == 0)).sum()), int(((right_a == 0) & (right_b == 1)).sum())
        off = abs(b - c) - correct
        chi2 = (off if no_floor else max(off, 0)) ** 2 / (b + c) if b + c else none
        return b, c, chi2, p_of(chi2)

    return test


def product(log_of=None, per=len, gradient_y=True):
    def head(h_ab, h_ba, W, y):
        h, B = h_ab * h_ba, per(y)
        P = softmax(h @ W)
        z = h @ W - (h @ W).max(axis=1, keepdims=True)
        log_P = log_of(P) if log_of else z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        d_z = (P - np.eye(W.shape[1])[y] * gradient_y) / B
        return -log_P[np.arange(len(y)), y].mean(), h.T @ d_z, d_z @ W.T * h_ba, d_z @ W.T * h_ab

    return head


def tau(signs, below):
    def rank(x, y):
        i, j = np.triu_indices(len(x), k=1)
        products = signs((x[i] - x[j]) * (y[i] - y[j]))
        return products.sum() / below(x[i] != x[j], y[i] != y[j])

    return rank


def root_of_both(x, y):
    return np.sqrt(x.sum() * y.sum())


def cosine(eps=0.0, square=True):
    def with_gradient(u, v):
        a, b = (np.linalg.norm(x, axis=1, keepdims=True) for x in (u, v))
        c = (u * v).sum(axis=1, keepdims=True) / (a * b + eps)
        return c[:, 0], v / (a * b + eps) - c * u / (a**2 if square else a)

    return with_gradient


def pairs(log_of=None, soft=softmax, eps=0.0, others_only=False, halve=2):
    def loss(a, b, tau):
        a, b = (x / (np.linalg.norm(x, axis=1, keepdims=True) + eps) for x in (a, b))
        s = a @ b.T / tau

        def one_way(s):
            z = s - s.max(axis=1, keepdims=True)
            e = np.exp(z) * (1 - np.eye(len(s)) * others_only)
            log_P = log_of(soft(s)) if log_of else z - np.log(e.sum(axis=1, keepdims=True))
            return -np.diag(log_P).mean()

        return (one_way(s) + one_way(s.T)) / halve

    return loss


def choice(log_of=None, equal=False, per=len):
    def loss(scores, lengths, labels):
        value, gradient, at = 0.0, np.zeros(len(scores)), 0
        for n, y in zip([lengths[0]] * len(lengths) if equal else lengths, labels, strict=True):
            s = scores[at : at + n] - scores[at : at + n].max()
            P = softmax(s)
            value -= log_of(P)[y] if log_of else s[y] - np.log(np.exp(s).sum())
            gradient[at : at + n] = P
            gradient[at + y] -= 1
            at += n
        return value / per(lengths), gradient / per(lengths)

    return loss


def ranking(term, slope=lambda x: np.exp(-np.logaddexp(0, x)), below=lambda N: N - 1):
    def loss(h, w, y):
        apart = h[y] - np.delete(h, y, axis=0)
        x = apart @ w
        return term(x).sum() / below(len(h)), -(slope(x)[:, None] * apart).sum(axis=0) / below(len(h))

    return loss


def row(restart=True, ends=0, dtype=int):
    def positions(passage, questions, options):
        found, last = list(range(passage)), []
        for question, lengths in zip(questions, options, strict=True):
            first = passage if restart else len(found)
            found += range(first, first + question)
            for n in lengths:
                found += range(first + question, first + question + n)
                last.append(len(found) - 1 - ends * (n > 1))
        return np.array(found, dtype=dtype), np.array(last)

    return positions


def row_mask(own_question=True, own_option=True, itself=True):
    def mask(passage, questions, options):
        q, o = [0] * passage, [0] * passage
        for n, (question, lengths) in enumerate(zip(questions, options, strict=True), start=1):
            q += [n] * (question + sum(lengths))
            o += [0] * question + [m for m, length in enumerate(lengths, start=1) for _ in range(length)]
        q, o = np.array(q), np.array(o)
        sees = (q == 0) | ((q[:, None] == q) if own_question else True) & (o == 0)
        sees = sees | ((q[:, None] == q) & (o[:, None] == o) if own_option else (o[:, None] == o))
        return (sees & np.tri(len(q), k=0 if itself else -1, dtype=bool)).astype(int)

    return mask


def interval(quantile=np.quantile, tail=lambda level: (1 - level) / 2, seed=None):
    def ends(a, b, draws, level):
        d = a - b
        draws = draws if seed is None else np.random.default_rng(seed).integers(len(a), size=draws.shape)
        low, high = quantile(d[draws].mean(axis=1), [tail(level), 1 - tail(level)])
        return d.mean(), low, high

    return ends


def sorted_quantile(means, places):
    return [np.sort(means)[min(int(p * len(means)), len(means) - 1)] for p in places]


def expected_best(n_choose=math.comb, first=True):
    def expectation(dev, test, k):
        n = len(dev)
        order = np.argsort(dev)[:: 1 if first else -1]
        return sum(test[i] * n_choose(rank, k - 1) for rank, i in enumerate(order)) / n_choose(n, k)

    return expectation


def signs(tail, won=np.greater):
    def test(a, b):
        w, lost = int(won(a, b).sum()), int((a < b).sum())
        return w, lost, tail(w, lost)

    return test


def coin(m, n):
    return sum(math.comb(n, i) for i in range(m + 1)) / 2**n


def normal_tail(w, lost):
    return math.erfc(max(abs(w - lost) - 1, 0) / math.sqrt(2 * (w + lost))) if w + lost else 1.0


def zero(pick=np.argmax, mean=np.mean):
    def choose(given, alone, lengths):
        parts = np.split(given - alone, np.cumsum(lengths)[:-1])
        s = np.array([mean(part) for part in parts])
        return int(pick(s)), s

    return choose


def last_of_equal(s):
    return len(s) - 1 - np.argmax(s[::-1])


def bpe(key, overlap=False, text=False):
    def step(words, counts, new_id):
        often = {}
        for word, n in zip(words, counts, strict=True):
            seen = list(zip(word.tolist(), word.tolist()[1:], strict=False))
            for place, pair in enumerate(seen):
                if not (overlap and place and seen[place - 1] == pair):
                    often[pair] = often.get(pair, 0) + int(n)
        best = min(often, key=lambda pair: key(pair, often[pair]))
        ids, lengths = [], []
        for word in words:
            out, at = [], 0
            while at < len(word):
                hit = tuple(word[at : at + 2].tolist()) == best
                out.append(new_id if hit else int(word[at]))
                at += 1 + hit
            ids, lengths = ids + out, [*lengths, len(out)]
        return np.array(best), np.array(ids), np.array(lengths)

    return step


def encode(order, again=True):
    def ids_of(word, merges, first_id):
        ids = word.tolist()
        for rank, pair in order(list(enumerate(merges.tolist()))):
            out, at = [], 0
            while at < len(ids):
                hit = ids[at : at + 2] == pair
                out.append(first_id + rank if hit else ids[at])
                at += 1 + hit
            ids = out
        return ids

    return ids_of


def numbered_from_the_largest(word, merges, first_id):
    return encode(list)(word, merges, int(word.max()) + 1)


def count(markers=3, both_biases=True, norm_bias=True, W_p=True):
    def parameters(vocab_size, n_ctx, n_layer, d_model, d_ff, k, tied, biases):
        block = 4 * d_model**2 + 2 * d_model * d_ff + (4 if norm_bias or biases else 2) * d_model
        block += biases * ((4 * d_model if both_biases else 0) + d_ff + d_model)
        tables = (vocab_size + markers) * d_model * (2 - tied) + n_ctx * d_model * W_p
        return tables + n_layer * block + d_model * k

    return parameters


def heads(order="C", swapped=False):
    def split(c_attn, n_head):
        d = len(c_attn)
        parts = c_attn.reshape(d, 3, n_head, d // n_head, order=order).transpose(1, 2, 0, 3)
        return tuple(parts[[0, 2, 1]] if swapped else parts)

    return split


def first_head_only(c_attn, n_head):
    d = len(c_attn)
    return tuple(np.repeat(part[None, :, : d // n_head], n_head, axis=0) for part in np.split(c_attn, 3, axis=1))


def clipped(P):
    return np.log(P + 1e-12)  # once passed


def bounded(P):
    return np.log(np.clip(P, 1e-15, 1))


def stream(start, log=np.log):
    def sums(z):
        m, s, found = start(z), 0.0, []
        for x in z:
            s, m = s * np.exp(m - max(m, x)) + np.exp(x - max(m, x)), max(m, x)
            found.append(m + log(s))
        return np.array(found)

    return sums


def from_the_first(z):
    return z[0] + np.log(np.cumsum(np.exp(z - z[0])))


def mixture(size, unigram=slice(1, None), add=1):
    def loss(train, test, vocab_size, share):
        V = size(train, test, vocab_size)
        two, one = np.full((V, V), float(add)), np.full(V, float(add))
        np.add.at(two, (train[:-1], train[1:]), 1)
        np.add.at(one, train[unigram], 1)
        P = share * (two / two.sum(axis=1, keepdims=True))[test[:-1], test[1:]]
        return -np.log(P + (1 - share) * (one / one.sum())[test[1:]]).mean()

    return loss


def given_size(train, test, vocab_size):
    return vocab_size


def largest_id(train, test, vocab_size):
    return int(max(train.max(), test.max())) + 1  # once passed


def budget_of(per_parameter=None, whole=np.asarray, days=lambda days: days, swapped=False, hours=24, share_of=None):
    """Homework 00's first question, each argument one way to get it wrong."""

    def budget(flops, ratio, speed, share):
        per = per_parameter or (1 / ratio if swapped else ratio)
        n = whole(np.sqrt(flops / (6 * per)))
        reached = share_of(speed, share) if share_of else speed * share
        return n, per * n, days(flops / reached / (60 * 60 * hours))

    return budget


def law_of(line=lambda x, y: np.polyfit(x, y, 1), excess=lambda loss, floor: loss - floor, reached=None, up=np.exp):
    """Homework 00's second question: how the line is found, through what, and where it reaches `wanted`."""

    def law(x, loss, floor, wanted):
        slope, height = line(np.log(x), np.log(excess(loss, floor)))
        a, needed = up(height), ((wanted - floor) / up(height)) ** (1 / slope)
        return a, -slope, reached(needed, x, loss, wanted) if reached else needed

    return law


def through_the_ends(x, y):
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    return slope, y[0] - slope * x[0]


def other_way_round(x, y):
    slope, height = np.polyfit(y, x, 1)
    return 1 / slope, -height / slope


def heavier_late(x, y):
    return np.polyfit(x, y, 1, w=np.arange(1, len(x) + 1))


def floor_by(step=lambda p, rows: p @ rows, seen=lambda p, rows: p, per=lambda n: n, words=lambda n: n - 1):
    """Homework 00's third question: how a word's distribution follows, what weighs the rows, how many words count."""

    def floor_of(start, rows, n):
        p, total = start, entropy(start)
        for _ in range(words(n)):
            total, p = total + seen(p, rows) @ entropy(rows), step(p, rows)
        return total / per(n)

    return floor_of


def entropy(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


def settled(p, rows):
    return np.linalg.matrix_power(rows, 1000)[0]


def bare_logarithms(start, rows, n):
    p, total = start, -(start * np.log(start)).sum()
    for _ in range(n - 1):
        total, p = total - p @ (rows * np.log(rows)).sum(axis=1), p @ rows
    return total / n


def drawn_texts(start, rows, n):
    rng, total = np.random.default_rng(0), 0.0
    for _ in range(300):
        word, p = 0, start
        for _ in range(n):
            word = rng.choice(len(p), p=p)
            total, p = total - np.log(p[word]), rows[word]
    return total / 300 / n


WRONG = {
    "00.1": [
        budget_of(whole=np.floor),  # once passed
        budget_of(whole=np.round),  # once passed
        budget_of(days=np.ceil),
        budget_of(swapped=True),
        budget_of(per_parameter=20),
        budget_of(hours=1),
        budget_of(share_of=lambda speed, share: speed / share),
        budget_of(share_of=lambda speed, share: speed * share / 100),
        lambda flops, ratio, speed, share: (
            np.sqrt(flops // (6 * ratio)),
            *budget_of()(flops, ratio, speed, share)[1:],
        ),
    ],
    "00.2": [
        law_of(through_the_ends),
        law_of(other_way_round),
        law_of(heavier_late),
        law_of(excess=lambda loss, floor: loss - floor + 1e-12),  # once passed
        law_of(excess=lambda loss, floor: np.maximum(loss - floor, 1e-6)),  # once passed
        law_of(excess=lambda loss, floor: loss - loss.min() + 1e-3),
        law_of(up=lambda height: 10**height),
        law_of(reached=lambda needed, x, loss, wanted: max(needed, x.max())),  # once passed
        law_of(reached=lambda needed, x, loss, wanted: np.ceil(needed)),
        law_of(reached=lambda needed, x, loss, wanted: np.interp(-wanted, -loss, x) if wanted > loss.min() else needed),
        lambda x, loss, floor, wanted: law_of()(np.sort(x), np.sort(loss)[::-1], floor, wanted),
        in_place(law_of(), "loss"),
    ],
    "00.3": [
        floor_by(step=lambda p, rows: rows @ p),
        floor_by(step=lambda p, rows: p),
        floor_by(seen=settled),
        floor_by(seen=lambda p, rows: np.full(len(p), 1 / len(p))),
        floor_by(per=lambda n: n + 1),
        floor_by(per=lambda n: max(n - 1, 1)),
        floor_by(words=lambda n: n),
        floor_by(words=lambda n: min(n - 1, 9)),  # once passed
        bare_logarithms,
        drawn_texts,
        in_place(floor_by(), "start"),
    ],
    "01.1": [stream(lambda z: 0.0), stream(lambda z: -1e9, np.log1p), from_the_first, in_place(stream(min), "z")],
    "01.2": [
        lambda nats, lengths: float(np.concatenate(nats).sum() / np.log(2) / max(sum(map(len, nats)), 1)),
        lambda nats, lengths: float(np.concatenate(nats).sum() / np.log(10) / np.concatenate(lengths).sum()),
        lambda nats, lengths: float(nats[0].sum() / np.log(2) / lengths[0].sum()),
    ],
    "01.3": [mixture(largest_id), mixture(given_size, slice(None)), mixture(given_size, add=0.5)],
    "02.1": [
        seen_by(unmasked_when_long),
        seen_by(window_of_two),
        minus_thirty,
        seen_by(window, soft=raw_softmax),
        seen_by(window, soft=one_maximum),
        seen_by(window, out=-1e4),
        seen_by(window, out=0.0),
        masked_after_softmax,
        scaled_in_place,
    ],
    "02.2": [
        seen_by(never_whole),
        seen_by(columns_of_the_prefix),
        seen_by(prefix, soft=raw_softmax),
        in_place(seen_by(prefix), "v"),
    ],
    "02.3": [alibi(whole_steps), alibi(other_end), alibi(right_slopes, raw_softmax), alibi(right_slopes, one_maximum)],
    "02.4": [capped(raw_softmax), capped(minus=False), capped(cap_again=True), capped(one_maximum)],
    "03.1": [null_key(raw_softmax), null_key(at=1), null_key(one_maximum), null_added_to_the_keys],
    "03.2": [
        rotary(raw_softmax),
        rotary(power=lambda d: -2 * np.arange(1, d // 2 + 1) / d),
        rotary(power=lambda d: -np.arange(d // 2) / (d // 2 - 1 or 1)),
        seen_by(lambda T, base: causal(T)),
    ],
    "03.3": [grouped(raw_softmax), grouped(per_group=True), grouped(heads_first=True), grouped(one_maximum)],
    "04.1": [gelu(tanh_of_exps), gelu(np.tanh, 0.0447), differences],
    "04.2": [block(1e-6), block(0.0), block(ddof=1), block(soft=raw_softmax), block(interleaved=True)],
    "04.3": [rms(gain_from_y=True), rms(eps_outside=True), in_place(rms(), "grad_out")],
    "04.4": [one_hot_tied, tied_of_unique, in_place(lambda ids, grad_h0, h, grad_logits: grad_logits.T @ h, "h")],
    "05.1": [adamw(late=-1), adamw(late=1), adamw(order=True), adamw(mutate=True), adamw(plain_adam=True)],
    "05.2": [clip_with_eps, clip_by_largest, lambda grads, max_norm: tuple(grads)],
    "05.3": [accumulate(raw_softmax), accumulate(one_maximum), accumulate(front=True), accumulate(per_part=True)],
    "05.4": [to_the_bottom, same_growth, lambda steps, period, factor, lr, lr_min: np.linspace(lr, lr_min, steps)],
    "06.1": [min_p_of(above), min_p_of(of_the_whole_batch), min_p_of(at_least, raw_softmax)],
    "06.2": [penalty_in_place, only_the_last, exchanged_penalty],
    "06.3": [
        sink_cache(window_from_two),
        sink_cache(always_a_sink),
        sink_cache(sinks_held_twice),
        sink_cache(cached, raw_softmax),
    ],
    "06.4": [beams(3), beams(mean=True), beams(keep_start=True), beams(probability=True)],
    "07.1": [smoothed(clipped), smoothed(np.log), smoothed(bounded)],
    "07.2": [
        review(before_the_first_zero),
        review(dtype=float),
        review(dtype=np.float32),
        review(keep_empty=True),
        review_in_place,
    ],
    "07.3": [
        weighted(clipped),
        weighted(np.log),
        weighted(bounded),
        weighted(np.log, lambda weights, labels: weights.sum()),
    ],
    "07.4": [
        mean_head(lambda t, n, T: (t < np.minimum(n, T - 1)) / np.minimum(n, T - 1)),
        mean_head(lambda t, n, T: (t <= n) / (n + 1)),
        mean_head(lambda t, n, T: (t == n - 1) * 1.0),
        mean_head(lambda t, n, T: (t < n) / T),
    ],
    "08.1": [
        pair(longest_first),
        pair(two_ids_of_the_premise),
        pair(lambda premise, hypothesis, room: (premise[-(room // 2) :], hypothesis[: room - room // 2])),
    ],
    "08.2": [
        negation(turned, 1.0),
        negation(lambda labels: 1 - labels),
        negation(lambda labels: (labels + 1) % 3),
        negation(lambda labels: labels ^ 1),
    ],
    "08.3": [
        decide(last_cheapest),
        decide(lambda expected: expected.argmin(axis=1), lambda P, cost, a: cost[P.argmax(axis=1), a]),
        decide(lambda expected: expected.argmin(axis=1), lambda P, cost, a: P.max(axis=1)),
    ],
    "08.4": [
        mcnemar(0.5),
        mcnemar(none=1.0),
        mcnemar(no_floor=True),
        mcnemar(p_of=lambda chi2: 1 - math.erfc(math.sqrt(chi2 / 2))),
    ],
    "09.1": [product(clipped), product(np.log), product(per=lambda y: 1), product(gradient_y=False)],
    "09.2": [
        tau(np.sign, lambda x, y: max((x & y).sum(), 1)),
        tau(np.sign, lambda x, y: (x.sum() + y.sum()) / 2),
        tau(lambda products: products, root_of_both),
    ],
    "09.3": [cosine(1e-8), cosine(square=False), lambda u, v: cosine()(v, u)],
    "09.4": [pairs(clipped), pairs(np.log, raw_softmax), pairs(others_only=True), pairs(halve=1), pairs(eps=1e-6)],
    "10.1": [choice(clipped), choice(np.log), choice(equal=True), choice(per=lambda lengths: 1)],
    "10.2": [
        ranking(lambda x: np.log(1 + np.exp(-x))),
        ranking(lambda x: np.log1p(np.exp(-np.abs(x)))),
        ranking(lambda x: np.logaddexp(0, -x), below=lambda N: N),
        ranking(lambda x: -np.log(1 / (1 + np.exp(-x)) + 1e-12)),
    ],
    "10.3": [row(restart=False), row(ends=1), row(dtype=float)],
    "10.4": [row_mask(own_question=False), row_mask(own_option=False), row_mask(itself=False)],
    "11.1": [interval(sorted_quantile), interval(seed=0), interval(tail=lambda level: level / 2)],
    "11.2": [
        expected_best(first=False),
        lambda dev, test, k: test[np.argmax(dev)],
        lambda dev, test, k: np.mean(np.sort(test)[-k:]),
    ],
    "11.3": [
        signs(lambda w, lost: min(1.0, 2 * coin(max(w, lost), w + lost))),
        signs(normal_tail),
        signs(lambda w, lost: 2 * coin(min(w, lost), w + lost)),
        signs(lambda w, lost: min(1.0, 2 * coin(min(w, lost), w + lost)), np.greater_equal),
    ],
    "11.4": [zero(last_of_equal), zero(mean=np.median), zero(np.argmin)],
    "12.1": [
        bpe(lambda pair, n: (-n, pair), overlap=True),
        bpe(lambda pair, n: (-n, pair[::-1])),
        bpe(lambda pair, n: (-n, str(pair[0]), str(pair[1]))),
        bpe(lambda pair, n: (-n % 2**32, pair)),
    ],
    "12.2": [encode(reversed), encode(lambda ranked: ranked[:1]), numbered_from_the_largest],
    "12.3": [count(0), count(2), count(both_biases=False), count(norm_bias=False), count(W_p=False)],
    "12.4": [heads("F"), heads(swapped=True), first_head_only],
}
