"""What a run of the main job found, as tables: for a terminal, and for several seeds in Markdown.

Rows are arms, columns are tasks. An arm's accuracy on its own training examples stands below: who learns 500 labels by
heart and answers new examples like a coin has learnt nothing. Last, how far the pre-trained arm is ahead of each other,
on the same examples.
"""

from pathlib import Path

from minigpt.pictures.runs import arms_of
from minigpt.support.errors import InputError

WIDTH = 20  # of a column in a terminal


def pretraining_line(result):
    line = f"pre-training: {result['loss']:.4f} ± {1.96 * result['standard_error']:.4f} nats per token on fresh text"
    if not result["floor"]:
        return line
    return line + f"; exact floor {result['floor']:.4f}, {100 * (result['loss'] / result['floor'] - 1):+.1f}%"


def table(tasks):
    """One run's scores with their intervals, and how well each fine-tuned arm knows its training examples."""
    names = list(tasks)
    lines = [" " * WIDTH + "".join(f"{name:>{WIDTH}}" for name in names)]
    for arm in arms_of(tasks):
        lines.append(f"{arm:{WIDTH}}" + "".join(f"{cell(tasks[name][arm]):>{WIDTH}}" for name in names))
    lines.append("on the training examples:")
    for arm in arms_of(tasks):
        if "train" in tasks[names[0]][arm]:
            seen = (f"{100 * tasks[name][arm]['train']:.1f}" for name in names)
            lines.append(f"  {arm:{WIDTH - 2}}" + "".join(f"{score:>{WIDTH}}" for score in seen))
    return "\n".join(lines)


def cell(score):
    return f"{100 * score['score']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


def spread(runs):
    """The `metrics.json` of several runs as one Markdown table: each score's mean (lowest to highest) over the runs."""
    refuse_mixed(runs)
    tasks = runs[0]["tasks"]
    lines = ["| | " + " | ".join(tasks) + " |", "|---" * (1 + len(tasks)) + "|"]

    def line(title, value):
        columns = ([value(run["tasks"][task]) for run in runs] for task in tasks)
        cells = (over([100 * found for found in column if found is not None]) for column in columns)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")

    arms = arms_of(tasks)
    for arm in arms:
        line(arm, lambda row, arm=arm: row[arm]["score"])
    tuned = [arm for arm in arms if all("train" in run["tasks"][task][arm] for run in runs for task in tasks)]
    for arm in tuned:
        line(f"*{arm}, on its training examples*", lambda row, arm=arm: row[arm]["train"])
    for arm in tuned:
        if any(arm in run["tasks"][task]["leads"] for run in runs for task in tasks):  # scores have no right or wrong
            line(f"*pre-trained, points ahead of {arm}*", lambda row, arm=arm: row["leads"].get(arm, {}).get("lead"))
    lines += alone(runs)
    lines += ["", f"Seed{'s' * (len(runs) > 1)} {', '.join(str(run['seed']) for run in runs)}:"]
    return "\n".join(lines + [f"- {pretraining_line(run['pretraining'])}" for run in runs])


def alone(runs):
    """What eq. (1) answers without a label, where the runs asked it: one more table."""
    if not all("without labels" in run for run in runs):
        return []
    lines = ["", "| | eq. (1) alone, no label |", "|---|---|"]
    for name in runs[0]["without labels"]:
        scores = [100 * run["without labels"][name]["score"] for run in runs]
        lines.append(f"| {name.replace('_', ' ')} | {over(scores)} |")
    return lines


def over(scores):
    """The mean of some scores, and (lowest to highest) where they differ; nothing where there is none."""
    if not scores:
        return ""
    low, mean, high = (f"{x:.1f}" for x in (min(scores), sum(scores) / len(scores), max(scores)))
    return mean if low == high else f"{mean} ({low} to {high})"


def named_model(run):
    """The model that a run was given as one more arm, by its folder's name, and what was trained of it."""
    model = run.get("model")
    return model and f"{Path(model['folder']).name}{' (frozen)' * model['frozen']}"


def refuse_mixed(runs):
    """Refuse runs that do not belong into one table.

    Raises:
        InputError: if they are of different kinds, tasks or metrics, or one counts twice.
    """
    for run in runs:
        if run.get("tasks", {}).keys() != runs[0].get("tasks", {}).keys() or "pretraining" not in run:
            raise InputError(
                "these folders hold different kinds of runs; name runs of one `minigpt run`, of other seeds"
            )
        if arms_of(run["tasks"]) != arms_of(runs[0]["tasks"]):
            lacking = sorted({*arms_of(run["tasks"])} ^ {*arms_of(runs[0]["tasks"])})
            raise InputError(
                f"only some of these runs have the arm {lacking[0]!r}; name runs of one version of minigpt"
            )
        ours, theirs = (named_model(other) for other in (run, runs[0]))
        if ours != theirs:
            raise InputError(f"these runs have different models as an arm, {ours} and {theirs}; name runs with one")
    seeds = ", ".join(str(run["seed"]) for run in runs)
    if len({run["seed"] for run in runs}) < len(runs):
        raise InputError(f"seeds {seeds}: a run counts twice; name each once, of one language")
    for task, row in runs[0]["tasks"].items():
        metrics = {run["tasks"][task][arm].get("metric", "accuracy") for run in runs for arm in arms_of({task: row})}
        if len(metrics) > 1:
            raise InputError(f"{task} is measured by {' and '.join(sorted(metrics))}; name runs on the same data")
