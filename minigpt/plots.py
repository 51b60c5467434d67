"""The pictures: a loss curve over its floor, and the table of what pre-training bought.

Labels are English, so that no Chinese font is needed. Each function returns a matplotlib figure; `save` writes it.
"""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minigpt.files import replacing

BLUE, ORANGE, GREY, GREEN = "#1f6fb2", "#e07b00", "#8a8a8a", "#2a8f4f"
ARMS = {
    "majority": "#cfcfcf",
    "bag of words": GREY,
    "word pairs": "#5c5c5c",
    "from scratch": ORANGE,
    "pre-trained": BLUE,
}


def loss_curve(log, floor=None):
    """Eq. (1) in nats per token against the step; `floor` is the exact entropy of the text, where it is known.

    Args:
        log: rows with "step" and "loss", from `train.pretrain`.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([row["step"] for row in log], [row["loss"] for row in log], color=BLUE, linewidth=0.8, alpha=0.4)
    smooth = smoothed([row["loss"] for row in log])
    axes.plot([row["step"] for row in log], smooth, color=BLUE, label="training loss, eq. (1)")
    if floor is not None:
        axes.axhline(floor, color=GREEN, linestyle="--", label=f"exact floor {floor:.3f}, the entropy of the text")
    axes.set(xlabel="step", ylabel="nats per token", ylim=(0, None))
    axes.legend()
    return figure


def smoothed(values, keep=0.97):
    """A moving average: each value counts 3%, the past 97%."""
    average, result = values[0], []
    for value in values:
        average = keep * average + (1 - keep) * value
        result.append(average)
    return result


def task_table(rows):
    """One group of bars a task, one bar an arm, with its 95% interval.

    Args:
        rows: {task: {arm: {"score", "low", "high"}}}, as `metrics.json` holds them under "tasks".
    """
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(ARMS)
    for place, (arm, colour) in enumerate(ARMS.items()):
        at = [task + (place - (len(ARMS) - 1) / 2) * width for task in range(len(rows))]
        scores = [100 * row[arm]["score"] for row in rows.values()]
        low = [max(0, score - 100 * row[arm]["low"]) for score, row in zip(scores, rows.values(), strict=True)]
        high = [max(0, 100 * row[arm]["high"] - score) for score, row in zip(scores, rows.values(), strict=True)]
        axes.bar(at, scores, width * 0.92, yerr=[low, high], color=colour, label=arm, error_kw={"elinewidth": 1})
    axes.set_xticks(range(len(rows)), [task.replace("_", " ") for task in rows])
    axes.set(ylabel="score (%), 95% interval", ylim=(0, 105))
    axes.legend(ncols=len(ARMS), loc="upper center", bbox_to_anchor=(0.5, 1.13), frameon=False)
    return figure


def save(figure, path):
    """Write a figure as PNG; the file is whole or not there."""
    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
