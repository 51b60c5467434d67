"""One file of results a kind of machine, RESULTS-KIND.md, and the tables that put them side by side.

`python -m benchmarks.kinds` writes RESULTS.md and the table of docs/speed.md anew, from the files that are there.
"""

import os
import re
from pathlib import Path

import torch

from minigpt.fast.linear import made_by_amd
from minigpt.support.files import replacing

HERE = Path(__file__).parent
SPEED = HERE.parent / "docs" / "speed.md"
LIMITS = (  # what makes a processor play a lesser one: to PyTorch, to oneDNN, and to NumPy
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "NPY_DISABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
)
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([\d.]+ \[[\d.]+ to [\d.]+\]) \|", re.MULTILINE)
PLACE = re.compile(r"(<!-- speed -->\n).*?(<!-- end -->)", re.DOTALL)
LESS_KNOWN = ("minGPT", "LLMs-from-scratch", "HF GPT2")  # peers of a training step that docs/speed.md leaves out


def kind(cpuinfo=Path("/proc/cpuinfo")):
    """Such as "AVX512-AMD25"; "-emulated" behind it where an environment variable holds the processor back.

    The number is AMD's family: Zen 4, of family 25, takes AVX-512's 512 bits in two halves, Zen 5, of 26, at once.
    """
    family = re.search(r"^cpu family\s*: (\d+)", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    maker = f"AMD{family[1] if family else ''}" if made_by_amd() else "other"
    held_back = "-emulated" if any(os.environ.get(name) for name in LIMITS) else ""
    return f"{torch.backends.cpu.get_cpu_capability()}-{maker}{held_back}"


def results(folder=HERE):
    """{kind: {(work, against): "median [lowest to highest]"}} of the files in a folder."""
    found = sorted(folder.glob("RESULTS-AVX*.md"))
    return {
        path.stem.removeprefix("RESULTS-"): {
            (work, against): ratio for work, against, ratio in ROW.findall(path.read_text(encoding="utf-8"))
        }
        for path in found
    }


def side_by_side(found, chosen=lambda work, against: True):
    """A Markdown table with a column for each kind of machine, in the order in which the rows were first met."""
    rows = dict.fromkeys(row for ratios in found.values() for row in ratios if chosen(*row))
    yield f"| work | against | {' | '.join(found)} |"
    yield "|---|---|" + "---|" * len(found)
    for row in rows:
        yield "| " + " | ".join([*row, *(ratios.get(row, "not measured") for ratios in found.values())]) + " |"


def well_known(work, against):
    """Is this row one for docs/speed.md?"""
    return not (against.startswith("minigpt") or (work.startswith("pre-training") and against in LESS_KNOWN))


def summary(found):
    yield "# Results, by kind of machine"
    yield ""
    yield "How many times as fast minigpt is as the peer: median [lowest to highest]. Machine, versions and rounds"
    yield "stand in the file of each column: " + ", ".join(f"[{name}](RESULTS-{name}.md)" for name in found) + "."
    yield ""
    yield from side_by_side(found)


def filled(text, found):
    """`text` with its table written anew."""
    table = "\n".join(side_by_side(found, well_known))
    return PLACE.sub(lambda place: f"{place[1]}{table}\n{place[2]}", text)


def write():
    found = results()
    for path, text in (
        (HERE / "RESULTS.md", "\n".join(summary(found)) + "\n"),
        (SPEED, filled(SPEED.read_text(encoding="utf-8"), found)),
    ):
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
