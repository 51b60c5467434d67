"""The pictures that a run leaves in its folder: loss.png and table.png."""

from matplotlib.backends.backend_agg import FigureCanvasAgg

from minigpt.pictures.look import ARMS, BLUE, CHANCE, GREEN, empty
from minigpt.pictures.plots import level
from minigpt.support.files import replacing


def loss_curve(log, floor=None):
    """Eq. (1) in nats per token against the step; `floor` is the exact entropy of the text, where it is known.

    Args:
        log: rows with "step" and "loss", from `train.pretrain`.
    """
    figure, axes = empty(7, 4)
    steps, losses = [row["step"] for row in log], [row["loss"] for row in log]
    axes.plot(steps, losses, color=BLUE, linewidth=0.8, alpha=0.4, label="eq. (1), each batch")
    axes.plot(steps, smoothed(losses), color=BLUE, label="moving average")
    if floor is not None:
        axes.axhline(floor, color=GREEN, linestyle="--", linewidth=1.2)
        style = {"ha": "right", "va": "top", "color": GREEN, "transform": axes.get_yaxis_transform()}
        axes.text(1, 0.94 * floor, f"exact floor on fresh text, {floor:.3f}", **style)  # below: above lies the curve
    axes.set(xlabel="step", ylabel="nats per token", ylim=(0, None))
    axes.legend(frameon=False)
    return figure


def smoothed(values, keep=0.9):
    """A moving average: each value counts 10%, the past 90%."""
    average, result = values[0], []
    for value in values:
        average = keep * average + (1 - keep) * value
        result.append(average)
    return result


def arms_of(rows):
    """The arms that every task has a score of, in the order of `ARMS`."""
    return [arm for arm in ARMS if all(arm in row for row in rows.values())]


def task_table(rows):
    """One group of bars a task, one bar an arm, with its 95% interval.

    Args:
        rows: {task: {arm: {"score", "low", "high"}}}, as `metrics.json` holds them under "tasks".
    """
    figure, axes = empty(9, 4.4)
    arms = [arm for arm in arms_of(rows) if arm != CHANCE]
    width = 0.8 / len(arms)
    if CHANCE in arms_of(rows):
        level(axes, range(len(rows)), [100 * row[CHANCE]["score"] for row in rows.values()])
    for place, arm in enumerate(arms):
        at = [task + (place - (len(arms) - 1) / 2) * width for task in range(len(rows))]
        scores = [100 * row[arm]["score"] for row in rows.values()]
        low = [max(0, score - 100 * row[arm]["low"]) for score, row in zip(scores, rows.values(), strict=True)]
        high = [max(0, 100 * row[arm]["high"] - score) for score, row in zip(scores, rows.values(), strict=True)]
        axes.bar(at, scores, width * 0.92, yerr=[low, high], color=ARMS[arm], label=arm, error_kw={"elinewidth": 1})
    axes.set_xticks(range(len(rows)), [task.replace("_", " ") for task in rows])
    axes.set(ylabel="score (%), 95% interval", ylim=(0, 105))
    figure.legend(ncols=4, loc="outside upper center", frameon=False)
    return figure


def save(figure, path):
    """Write a figure as PNG; the file is whole or not there."""
    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=200)
