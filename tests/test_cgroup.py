"""The bounds of a whole jail, in a folder that looks as the kernel's tree of control groups does."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_jail import RIGHT_A, SEED, A, needs_jail

from minigpt.grading import cgroup, jail
from minigpt.grading.answers import run_answers
from minigpt.grading.judge import judge
from minigpt.grading.question import drawn

LINE = ["/bin/echo", "inside"]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An ordinary user's part: a slice with the controllers, and in it the scope that this process is in."""
    scope = tmp_path / "tree" / "user.slice" / "app.slice" / "terminal.scope"
    scope.mkdir(parents=True)
    (scope.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (scope.parent / "cgroup.procs").write_text("")
    (tmp_path / "own").write_text("4:memory:/old\n0::/user.slice/app.slice/terminal.scope\n")
    monkeypatch.setattr(cgroup, "TREE", tmp_path / "tree")
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "own")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return scope.parent


def groups(tree):
    return [path for path in tree.iterdir() if path.name.startswith("minigpt-jail-")]


def emptied(group):
    """The kernel's files in a group do not keep it from being removed; plain files do."""
    for path in group.iterdir():
        path.unlink()


def test_a_group_with_bounds_is_made_and_goes(tree):
    with cgroup.bounded(LINE, 1 << 30, 16) as line:
        (group,) = groups(tree)
        assert (group / "memory.max").read_text() == str(1 << 30) and (group / "pids.max").read_text() == "16"
        told = subprocess.run(line, capture_output=True, text=True, check=True)
        assert told.stdout == "inside\n"
        assert int((group / "cgroup.procs").read_text()) > 1  # the shell entered, then became the command
        emptied(group)
    assert groups(tree) == [] and sorted(path.name for path in tree.iterdir()) == [
        "cgroup.procs",
        "cgroup.subtree_control",
        "terminal.scope",
    ]


def test_a_group_goes_when_the_jail_fails(tree):
    with pytest.raises(RuntimeError), cgroup.bounded(LINE, 1, 1):
        emptied(groups(tree)[0])
        raise RuntimeError
    assert groups(tree) == []


def test_only_the_group_that_was_made_is_removed(tree):
    other = tree / "minigpt-jail-1-of-another-grader"
    other.mkdir()
    with cgroup.bounded(LINE, 1, 1):
        emptied(next(group for group in groups(tree) if group != other))
    assert groups(tree) == [other] and (tree / "terminal.scope").is_dir()


def as_root(tree, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def without_memory(tree, monkeypatch):
    (tree / "cgroup.subtree_control").write_text("cpu pids\n")


def read_only(tree, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tree)


def not_ours_to_enter(tree, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "cgroup.procs")


def old_tree(tree, monkeypatch):
    cgroup.OWN.write_text("4:memory:/x\n")


def the_root(tree, monkeypatch):
    cgroup.OWN.write_text("0::/\n")


def upwards(tree, monkeypatch):
    cgroup.OWN.write_text("0::/../user.slice/app.slice/x\n")


def nowhere(tree, monkeypatch):
    cgroup.OWN.unlink()


@pytest.mark.parametrize(
    "change", [as_root, without_memory, read_only, not_ours_to_enter, old_tree, the_root, upwards, nowhere]
)
def test_where_none_is_delegated_nothing_is_made(tree, monkeypatch, change):
    assert cgroup.delegated() == tree and "cgroup" in cgroup.remark(jail.LIMITS)
    change(tree, monkeypatch)
    assert cgroup.delegated() is None
    with cgroup.bounded(LINE, 1, 1) as line:
        assert line == LINE and groups(tree) == []
    assert "no cgroup is delegated" in cgroup.remark(jail.LIMITS)


@needs_jail
def test_the_jail_runs_in_the_group(monkeypatch):
    """bubblewrap behind the shell that enters: here its part of the tree is one plain file."""
    seen = []

    @contextmanager
    def bounded(command, memory, processes):
        seen.append((memory, processes))
        yield ["/bin/sh", "-c", cgroup.ENTER, "/dev/null", *command]

    monkeypatch.setattr(cgroup, "bounded", bounded)
    found = run_answers([("q11_1", RIGHT_A)], [A], SEED)["11.1"]
    assert judge(drawn(A, SEED), found.outputs).right and seen == [(jail.LIMITS.total, 2 * jail.LIMITS.processes)]
