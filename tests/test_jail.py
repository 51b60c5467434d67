"""The jail of homework answers: hostile cells gain nothing and cost nobody else, and each protection is needed.

Every hostile cell attacks question A of a homework of two, and returns A's right result only if its attack worked; B is
answered well. All are bounded in memory, forks and time, and run inside the jail only.
"""

import ctypes
import io
import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minigpt.grading import answers, jail, runner, seccomp
from minigpt.grading.answers import run_answers
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import judge
from minigpt.grading.question import Question, drawn, find
from minigpt.grading.selftest import require_jail
from minigpt.support.errors import InputError

SEED = 7
A = Question("11.1", "double", 1, lambda rng: {"x": rng.normal(size=4)}, lambda x: 2 * x, n_cases=2, seconds=1)
B = Question("11.2", "triple", 1, lambda rng: {"x": rng.normal(size=4)}, lambda x: 3 * x, n_cases=2, seconds=1)
RIGHT_A = "def double(x):\n    return 2 * x\n"
RIGHT_B = "def triple(x):\n    return 3 * x\n"


def bubblewrap_refuses():
    """Why bubblewrap itself cannot work here, asked without our own options; empty if it can."""
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (apt-get install bubblewrap)"
    line = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]
    tried = subprocess.run(line, capture_output=True, text=True, cwd="/", **jail.dropped())
    return f"namespaces are not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


REFUSED = bubblewrap_refuses()
needs_jail = pytest.mark.skipif(bool(REFUSED), reason=REFUSED)


def marked():
    """Limits that no other run has; they stand in the command line of all that the jail starts."""
    return replace(jail.LIMITS, file=jail.LIMITS.file + secrets.randbelow(1 << 20))


def alive(limits):
    """Processes of a run with these limits, those of bubblewrap included."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f'"RLIMIT_FSIZE": {limits.file},'.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:  # it ended meanwhile
                pass
    return found


def gone(limits):
    """Nothing of this run is left, soon: a killed process needs a moment to leave."""
    for _ in range(200):
        if not alive(limits):
            return True
        time.sleep(0.05)
    return False


def homework(cell_a, cell_b=RIGHT_B, **options):
    """[(answer, verdict)] of A and B."""
    found = run_answers([("q11_1", cell_a), ("q11_2", cell_b)], [A, B], SEED, **options)
    return [(found[q.id], judge(drawn(q, SEED), found[q.id].outputs)) for q in (A, B)]


# --- what others' code may try ------------------------------------------------------------------------------------

# What some cells share: `attempt` says whether a call worked; `leave` forges what A's fork hands back.
TOOLS = """
import ctypes, io, json, os, signal, socket, struct, sys, time, zipfile
import numpy as np
WRONG = np.zeros(4)

def attempt(action, *arguments):
    try:
        return action(*arguments) is not False
    except BaseException:
        return False

def write(path, text="forged"):
    with open(path, "w") as file:
        file.write(text)

def call(*arguments):
    return ctypes.CDLL(None).syscall(*map(ctypes.c_long, arguments)) != -1

def runner():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    return frame.f_globals

def leave(blob, size=None):
    frame = sys._getframe()
    while "box" not in frame.f_locals:
        frame = frame.f_back
    box = frame.f_locals["box"]
    box[8 : 8 + len(blob)] = blob
    box[:8] = struct.pack("<Q", len(blob) if size is None else size)
    os._exit(0)

def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return file.getvalue()

def npy(header, data, version=(1, 0)):
    header = header.encode()
    size = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\\x93NUMPY" + bytes(version) + size + header + data

def forged(raw):
    leave(zipped({"0.0.npy": raw, "1.0.npy": raw}))
"""


def returns(condition):
    """A cell whose function returns A's right result if `condition` is true, a wrong one if not."""
    return f"{TOOLS}\ndef double(x):\n    return 2 * x if {condition} else WRONG\n"


def body(*lines):
    return TOOLS + "\ndef double(x):\n" + "".join(f"    {line}\n" for line in lines)


FORGED = {
    "a pickled array": "npy(\"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }\\n\", b'cposix\\nsystem\\n')",
    "complex numbers": "npy(\"{'descr': '<c16', 'fortran_order': False, 'shape': (4,), }\\n\", bytes(64))",
    "long doubles": "npy(\"{'descr': '<f16', 'fortran_order': False, 'shape': (4,), }\\n\", bytes(64))",
    "a record": "npy(\"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (4,), }\\n\", bytes(32))",
    "dates": "npy(\"{'descr': '<M8[s]', 'fortran_order': False, 'shape': (4,), }\\n\", bytes(32))",
    "a huge header": "npy('(' * 65000, bytes(32))",
    "a header of many brackets": "npy('(' * 900, bytes(32))",
    "a huge shape": "npy(\"{'descr': '<f8', 'fortran_order': False, 'shape': (1 << 50,), }\\n\", bytes(32))",
    "a shape of 2^50": "npy(\"{'descr': '<f8', 'fortran_order': False, 'shape': (1125899906842624,)}\\n\", bytes(32))",
    "a negative shape": "npy(\"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -2), }\\n\", bytes(32))",
    "version 2": "npy(\"{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }\\n\", bytes(32), (2, 0))",
    "code in the header": "npy(\"__import__('os').system('touch escape')\\n\", bytes(32))",
}
DONE, ERROR, TIMEOUT, CRASHED = ({word} for word in ("done", "error", "timeout", "crashed"))
LOST = {"done", "error", "timeout", "crashed"}
HOSTILE = {  # name: (cell, how A may end)
    "patches the comparison": (
        "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
        "def double(x):\n    return np.zeros(4)\n",
        DONE,
    ),
    "a child that outlives it": (
        body("if os.fork() == 0:", "    os.setsid()", "    time.sleep(20)", "    os._exit(0)", "return WRONG"),
        DONE,
    ),
    "a grandchild in another session": (
        body(
            "if os.fork() == 0:",
            "    if os.fork() == 0:",
            "        os.setsid()",
            "        for s in range(1, 32): attempt(signal.signal, s, signal.SIG_IGN)",
            "        time.sleep(20)",
            "    os._exit(0)",
            "return WRONG",
        ),
        DONE,
    ),
    "os._exit": (body("os._exit(0)"), CRASHED),
    "SystemExit": (body("raise SystemExit(0)"), ERROR),
    "prints 500 MB": (
        body("for _ in range(500):", "    os.write(1 + _ % 2, bytes(1 << 20))", "return WRONG"),
        DONE | TIMEOUT,
    ),
    "objects": (body("return np.array([os.system, 1, 2, 3], dtype=object)"), ERROR),
    "nan": (body("return np.full(4, np.nan)"), DONE),
    "infinity": (body("return np.full(4, np.inf)"), DONE),
    "complex": (body("return 2 * x + 0j"), ERROR),
    "longdouble": (body("return (2 * x).astype(np.longdouble)"), ERROR),
    "another shape": (body("return 2 * x[None]"), DONE),
    "one number for all": (body("return 2 * x[0]"), DONE),
    "one value more": (body("return 2 * x, 2 * x"), DONE),
    "nothing": (body("return None"), ERROR),
    "no values": (body("return ()"), ERROR),
    "text": (body("return '1 2 3 4'"), ERROR),
    "a subclass that equals everything": (
        TOOLS + "class Yes(np.ndarray):\n"
        "    __eq__ = __le__ = __lt__ = lambda self, other: True\n"
        "    __array_ufunc__ = __array_function__ = lambda self, *a, **k: True\n"
        "def double(x):\n    return np.zeros(4).view(Yes)\n",
        LOST,
    ),
    "searches frames and gc for the reference": (
        TOOLS + "import gc, types\n"
        "def double(x):\n"
        "    found = [thing for thing in gc.get_objects() if isinstance(thing, types.FunctionType)]\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        found += [*frame.f_locals.values(), *frame.f_globals.values()]\n"
        "        frame = frame.f_back\n"
        "    for thing in found:\n"
        "        if getattr(thing, '__name__', '') in ('reference', 'triple', 'wanted', 'expected'):\n"
        "            return thing(x=x)\n"
        "    names = {'reference', 'wanted', 'expected'} & {str(k) for f in found if isinstance(f, dict) for k in f}\n"
        "    return 2 * x if names else WRONG\n",
        DONE,
    ),
    "memorised results": (body("return np.array([0.00123, 0.5974, -0.5482, -1.7812])"), DONE),
    "changes its input": (body("x[:] = 0", "return x"), ERROR),
    "changes the source that is compiled": (
        TOOLS + "import ast, builtins\n"
        "class Two(ast.NodeTransformer):\n"
        "    def visit_Constant(self, node):\n        return ast.Constant(2)\n"
        "def double(x):\n"
        "    real = builtins.compile\n"
        "    def twos(source, *rest, **options):\n"
        "        tree = real(source, 'cell', 'exec', ast.PyCF_ONLY_AST)\n"
        "        return real(ast.fix_missing_locations(Two().visit(tree)), *rest, **options)\n"
        "    builtins.compile = twos\n"
        "    return WRONG\n",
        LOST,
    ),
    "patches the runner": (
        body(
            "runner()['stop'] = runner()['call'] = runner()['in_a_fork'] = lambda *a: ('done', b'')",
            "zipfile.ZipFile.writestr = np.save = json.dumps = lambda *a, **k: None",
            "return WRONG",
        ),
        LOST,
    ),
    "reads the questions": (returns("attempt(open, INSTRUCTOR + '/questions/02.py')"), DONE),
    "reads the stored checks": (returns("attempt(open, COURSE + '/checks/02.npz')"), DONE),
    "imports the questions": (
        body("sys.path[:0] = [INSTRUCTOR, INSTRUCTOR + '/..']", "from minigpt.grading.instructor import questions_of"),
        ERROR,
    ),
    "lists the course's folders": (returns("attempt(os.listdir, COURSE) or attempt(os.listdir, INSTRUCTOR)"), DONE),
    "writes the grade book": (returns("attempt(write, BOOK)"), DONE),
    "writes next to Python and NumPy": (
        returns("any([attempt(write, p + TOKEN) for p in ('/', '/usr/lib/', '/site/numpy/', '/dev/shm/', '/dev/')])"),
        DONE,
    ),
    "reads the environment": (returns("'MINIGPT_SECRET' in os.environ or attempt(open, '/proc/1/environ')"), DONE),
    "connects to the network": (returns("attempt(socket.create_connection, ('127.0.0.1', PORT), 1)"), DONE),
    "sends a datagram": (
        returns("attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.0.0.1', 9)))"),
        DONE,
    ),
    "a socket of any family": (
        returns("any([attempt(socket.socket, family, kind) for family in range(46) for kind in (1, 2, 3, 5)])"),
        DONE,
    ),
    "a pair of sockets": (returns("attempt(socket.socketpair)"), DONE),
    "3 GiB": (returns("attempt(bytearray, 3 << 30)"), DONE),
    "3 GiB, not caught": (body("return np.ones(3 << 27)[:4]"), ERROR),
    "50 forks": (
        body(
            "made = 0",
            "for _ in range(50):",
            "    try: pid = os.fork()",
            "    except OSError: break",
            "    if pid == 0: time.sleep(5), os._exit(0)",
            "    made += 1",
            "return 2 * x if made > 7 else WRONG",
        ),
        DONE,
    ),
    "50 threads": (
        body(
            "import threading",
            "made = [attempt(threading.Thread(target=time.sleep, args=(5,), daemon=True).start) for _ in range(50)]",
            "return 2 * x if all(made) else WRONG",
        ),
        DONE,
    ),
    "links as results": (
        body(
            "for name in ('0.0.npy', '1.0.npy', 'q11_1', 'ends.json', 'notes.txt'):",
            "    attempt(os.symlink, BOOK, name), attempt(os.mkfifo, name + '.fifo')",
            "return WRONG",
        ),
        DONE,
    ),
    "fills the scratch folder": (
        body(
            "size = sum(1 << 20 for n in range(200) if attempt(write, f'/tmp/{n}', 'x' * (1 << 20)))",
            "return 2 * x if size > 100 << 20 else WRONG",
        ),
        DONE,
    ),
    "a sparse file of 1 TiB": (
        returns("attempt(os.truncate, os.open('/tmp/s', os.O_CREAT | os.O_RDWR), 1 << 40)"),
        DONE,
    ),
    "a setuid program": (
        body("write('/tmp/s')", "attempt(os.chmod, '/tmp/s', 0o4755)", "return WRONG"),
        DONE,
    ),
    "namespaces": (returns("any([call(272, flag) for flag in (0x10000000, 0x20000, 0x40000000, 0)])"), DONE),
    "a user namespace by clone": (
        body(
            "made = ctypes.CDLL(None).syscall(*map(ctypes.c_long, (56, 0x10000000 | 17, 0, 0, 0, 0)))",
            "if made == 0: os._exit(0)",
            "return 2 * x if made > 0 else WRONG",
        ),
        DONE,
    ),
    "mounts": (
        body(
            "mount = ctypes.CDLL(None).mount",
            "return 2 * x if 0 in (mount(b'x', b'/tmp', b'tmpfs', 0, 0), mount(b'/', b'/', 0, 32, 0)) else WRONG",
        ),
        DONE,
    ),
    "ptrace of process 1": (returns("call(101, 16, 1, 0, 0) or call(101, 0x4206, 1, 0, 0)"), DONE),
    "reads the memory of process 1": (
        returns("call(310, 1, 0, 0, 0, 0, 0) or attempt(open, '/proc/1/mem', 'rb')"),
        DONE,
    ),
    "limits process 1": (
        body(
            "import resource",
            "worked = [attempt(resource.prlimit, 1, r, (0, 0)) for r in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]",
            "return 2 * x if any(worked) else WRONG",
        ),
        DONE,
    ),
    "becomes root": (returns("any([attempt(os.setuid, 0), attempt(os.setgid, 0), attempt(os.setgroups, [0])])"), DONE),
    "x32 calls": (returns("call(0x40000000 + 39)"), DONE),
    "a shared segment": (returns("call(29, 0, 1 << 26, 0o1600)"), DONE),
    "an anonymous file": (returns("attempt(os.memfd_create, 'x') or call(447, 0)"), DONE),
    "a message queue": (returns("call(68, 0, 0o1600) or call(240, 0, 0o102, 0o600, 0)"), DONE),
    "text for a page and a terminal": (
        body("raise RuntimeError('<script>alert(1)</script>\\x1b[2J\\u202e=1+1')"),
        ERROR,
    ),
    "imports torch": (body("import torch", "return 2 * x"), ERROR),
    "an endless loop": (body("end = time.time() + 20", "while time.time() < end: pass"), TIMEOUT),
    "an endless loop that ignores signals": (
        body(
            "for s in range(1, 65): attempt(signal.signal, s, signal.SIG_IGN)",
            "end = time.time() + 20",
            "while time.time() < end: pass",
        ),
        TIMEOUT,
    ),
    "sleeps and ignores signals": (
        body("for s in range(1, 65): attempt(signal.signal, s, signal.SIG_IGN)", "time.sleep(20)"),
        TIMEOUT,
    ),
    "sleeps and works a little": (
        body("end = time.time() + 20", "while time.time() < end: time.sleep(0.5), sum(range(1000))"),
        TIMEOUT,
    ),
    "waits for a child that sleeps": (
        body("if os.fork() == 0: time.sleep(20), os._exit(0)", "os.wait()", "return 2 * x"),
        TIMEOUT,
    ),
    "an error whose text never ends": (
        TOOLS + "class Slow(Exception):\n    def __str__(self):\n        end = time.time() + 20\n"
        "        while time.time() < end: pass\ndef double(x):\n    raise Slow\n",
        TIMEOUT,
    ),
    "a child writes on every pipe": (
        body(
            "if os.fork() == 0:",
            "    for path in ('/proc/1/fd/1', '/dev/stdout', '/dev/fd/1'): attempt(write, path)",
            "    for fd in range(64): attempt(os.write, fd, zipped({'ends.json': '{}'}))",
            "    os._exit(0)",
            "os.wait()",
            "return WRONG",
        ),
        DONE,
    ),
    "a forged stream, then signals to the runner": (
        body(
            "for fd in range(64): attempt(os.write, fd, zipped({'ends.json': '{\"q11_1\": \"done\"}'}))",
            "for s in range(1, 65): attempt(os.kill, os.getppid(), s)",
            "return WRONG",
        ),
        DONE,
    ),
    "signals to everybody": (body("attempt(os.kill, -1, signal.SIGKILL)", "return WRONG"), DONE | CRASHED),
    "an endless stream": (
        body(
            "end = time.time() + 0.1",
            "while time.time() < end:",
            "    for fd in range(64): attempt(os.write, fd, bytes(1 << 16))",
            "return WRONG",
        ),
        DONE,
    ),
    "os.abort": (body("os.abort()"), CRASHED),
    "a segmentation fault": (body("ctypes.string_at(0)"), CRASHED),
    "endless recursion": (body("return double(x)"), ERROR),
    "a result that is too large": (body("return np.zeros(1 << 20)"), LOST),
    "a zip bomb": (
        body("leave(zipped({'0.0.npy': bytes(50 << 20), '1.0.npy': bytes(50 << 20)}, zipfile.ZIP_DEFLATED))"),
        ERROR,
    ),
    "names of others in its zip": (
        body("leave(zipped({'q11_2': b'x', '../escape': b'x', '/escape': b'x', 'ends.json': b'{}'}))"),
        ERROR,
    ),
    "no zip at all": (body("leave(os.urandom(1000))"), ERROR),
    "a length beyond the box": (body("leave(b'', size=1 << 63)"), ERROR),
    **{f"forges {name}": (body(f"forged({raw})"), ERROR) for name, raw in FORGED.items()},
}


@needs_jail
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_cell_gains_nothing(name, tmp_path, monkeypatch):
    cell, ends = HOSTILE[name]
    book, token, limits = tmp_path / "gradebook.csv", f"escape-{secrets.token_hex(8)}", marked()
    book.write_text("A,0\n")
    book.chmod(0o666)
    monkeypatch.setenv("MINIGPT_SECRET", token)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        known = {"BOOK": str(book), "COURSE": str(Path(jail.__file__).parent), "TOKEN": token}
        known["INSTRUCTOR"] = str(folder_of())
        known["PORT"] = server.getsockname()[1]
        known = "".join(f"{key} = {value!r}\n" for key, value in known.items())
        (answer_a, verdict_a), (answer_b, verdict_b) = homework(known + cell, limits=limits)
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()
    assert not verdict_a.right and answer_a.status in ends, answer_a
    assert verdict_b.right and answer_b.status == "done", answer_b
    assert all(c.isprintable() or c == "\n" for c in answer_a.note)
    assert gone(limits)
    assert os.listdir(tmp_path) == ["gradebook.csv"] and book.read_text() == "A,0\n"
    folders = ("/", "/tmp", "/dev", "/dev/shm", "/usr/lib", Path.cwd(), Path.home(), Path(np.__file__).parent)
    assert not any((Path(folder) / token).exists() for folder in folders)


LOOP = "while time.time() < END: pass"


@needs_jail
@pytest.mark.parametrize("statement", ["os.abort()", "os._exit(0)", LOOP, "time.sleep(20)"])
def test_a_cell_that_does_not_end_costs_its_own_question_only(statement):
    """Once it is known, other questions' forks leave it out, as a notebook goes on after an interrupt; it is named."""
    limits = marked()
    cell = f"import os, time\nEND = time.time() + 20\n{statement}\n{RIGHT_A}"
    (answer, verdict), (_, verdict_b) = homework(cell, limits=limits)
    assert not verdict.right and verdict_b.right
    assert answer.status == ("crashed" if "os." in statement else "timeout")
    assert answer.note.startswith("the cell of 11.1 did not end: ") and "\n代码格 11.1 没有运行完：" in answer.note
    assert gone(limits)


@pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])
def test_a_loop_in_a_cell_that_is_no_answer_is_left_out(trusted):
    """One of them costs no question, each further one at most a question; and what needed its names says why."""
    loop = f"{LOOP}\nfactor = 3"

    def statuses(*cells):
        found = run_answers([("", "import time\nEND = time.time() + 20"), *cells], [A, B], SEED, trusted=trusted)
        return [(found[q.id].status, judge(drawn(q, SEED), found[q.id].outputs).right) for q in (A, B)], found

    right, wrong = ("done", True), ("timeout", False)
    answers_of_both = (("q11_1", RIGHT_A), ("q11_2", RIGHT_B))
    assert statuses(("", loop), *answers_of_both)[0] == [right, right]
    told, found = statuses(("", loop), ("", LOOP), *answers_of_both)
    assert told == [wrong, right]
    assert found["11.1"].note.startswith(f"the cell beginning with {LOOP!r} did not end: not finished after 1 seconds")
    assert "so this answer was not tried" in found["11.1"].note
    told, found = statuses(("", loop), ("q11_1", RIGHT_A), ("q11_2", RIGHT_B.replace("3 *", "factor *")))
    assert told == [right, ("error", False)]
    assert f"cell added, beginning with {loop[:40]!r} was left out" in found["11.2"].note
    assert "name 'factor' is not defined" in found["11.2"].note


@needs_jail
def test_a_forged_place_of_the_running_cell_harms_nobody_else():
    forged = """
import os, sys
frame = sys._getframe()
while "box" not in frame.f_locals:
    frame = frame.f_back
frame.f_locals["cell"][:] = (PLACE).to_bytes(8, "little")
os._exit(1)
"""
    for place in (2, 2**64 - 1, 0):
        (answer, verdict), (_, _) = homework(forged.replace("PLACE", str(place)))
        assert not verdict.right and answer.status == "crashed"


@needs_jail
def test_processes_of_one_question_do_not_count_for_the_next():
    cell = """
import os
def double(x):
    for made in range(50):
        try:
            if os.fork() == 0:
                os._exit(0)
        except OSError:
            return made
triple = double
"""
    once = [replace(question, n_cases=1) for question in (A, B)]
    found = run_answers([("q11_1", cell), ("q11_2", "")], once, SEED)
    first, second = (int(found[q.id].outputs[0]) for q in once)
    assert 0 < first == second < 8


@needs_jail
def test_every_attack_tells_whether_it_worked():
    """The cells above return A's right result if their attack works; here one does."""
    assert homework(returns("attempt(write, '/tmp/mine')"))[0][1].right


# --- what right answers get ---------------------------------------------------------------------------------------

ECHO = """
import numpy as np
def echo(a, b, n, word, several, flag):
    b = b + 1
    kinds = [type(n) is int, type(word) is str, type(several) is list, flag is True, type(a) is np.float32]
    return a, b, n, len(word), several[0], several[1][0], kinds
"""


def echo_inputs(rng):
    return {
        "a": np.float32(rng.normal()),
        "b": rng.integers(9, size=(2, 3)).T,
        "n": 10**30,
        "word": "日本\0\ud800",
        "several": [rng.normal(size=(2, 2)), ["a", rng.normal(size=3)][1:]],
        "flag": True,
    }


ECHOES = Question(
    "11.3",
    "echo",
    1,
    echo_inputs,
    lambda a, b, n, word, several, flag: (a, b + 1, 1, 4, several[0], several[1][0], [True] * 5),
)


@pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])
def test_arguments_and_results_of_every_kind(trusted):
    cell = ECHO.replace("a, b, n, len", "a, b, n // 10**30, len")
    answer = run_answers([("q11_3", cell)], [ECHOES], SEED, trusted=trusted)["11.3"]
    assert answer.status == "done" and judge(drawn(ECHOES, SEED), answer.outputs).right, answer


@pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])
def test_each_status(trusted):
    def first(cell_a, cell_b=RIGHT_B):
        (answer_a, verdict_a), (answer_b, verdict_b) = homework(cell_a, cell_b, trusted=trusted)
        assert verdict_b.right and answer_b.status == "done"
        return answer_a, verdict_a.right

    assert first(RIGHT_A)[1] and first(RIGHT_A)[0].status == "done"
    answer, right = first("def double(x):\n    y = x[9]\n    return y\n")
    assert (answer.status, right) == ("error", False)
    assert "line 2, in double\n    y = x[9]" in answer.note and "IndexError" in answer.note
    assert "runner" not in answer.note and "<string>" not in answer.note
    assert "SyntaxError" in first("def double(x:\n")[0].note
    assert "no cell defines the function double" in first("twice = 1\n")[0].note
    assert first("1 / 0\n" + RIGHT_A)[0].status == "error"
    assert first(RIGHT_A + "1 / 0\n")[1], "the function was defined before the error"
    assert first("def double(x):\n    while True: pass\n")[0].status == "timeout"
    assert first("import os\ndef double(x):\n    os._exit(3)\n")[0].status == "crashed"


@pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])
def test_cells_up_to_the_questions_own(trusted):
    cells = [("q11_1", "two = 2\n" + RIGHT_A), ("q11_2", "def triple(x):\n    return double(x) * (1 + 1 / two)\n")]
    found = run_answers([*cells, ("q11_3", "del double, triple")], [A, B, ECHOES], SEED, trusted=trusted)
    assert [judge(drawn(q, SEED), found[q.id].outputs).right for q in (A, B)] == [True, True]
    assert found["11.3"].status == "error"
    missing = run_answers(cells[:1], [A, B], SEED, trusted=trusted)["11.2"]
    assert missing.status == "missing" and missing.outputs == [None, None] and "q11_2" in missing.note
    assert run_answers([], [A], SEED, trusted=trusted)["11.1"].status == "missing"


@needs_jail
def test_a_question_of_the_course():
    cell = """
import numpy as np
def window_attention(q, k, v, w):
    i, j = np.indices((len(q), len(q)))
    scores = np.where((j <= i) & (j > i - w), q @ k.T / np.sqrt(q.shape[-1]), -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ v
"""
    question = find("02.1", questions_of("02"))
    for source, right in ((cell, True), (cell.replace("j > i - w", "j >= i - w"), False)):
        answer = run_answers([(question.grade_id, source)], [question], SEED)[question.id]
        verdict = judge(drawn(question, SEED), answer.outputs)
        assert verdict.right is right and (right or "one position too many" in verdict.hint)


def test_arguments_that_no_question_has():
    with pytest.raises(TypeError, match="is no argument of a question"):
        answers.encoded({"a": 1}, {})
    with pytest.raises(TypeError, match="is no argument of a question"):
        answers.encoded(np.array([None]), {})


# --- time that is no work ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])
@pytest.mark.parametrize("cell", ["time.sleep(60)", "input()"])
def test_an_answer_that_waits_is_ended_soon(trusted, cell):
    """However many seconds of work its question allows."""
    question, start = replace(A, seconds=30), time.monotonic()
    cells = [("q11_1", f"import time\n{RIGHT_A}try:\n    {cell}\nexcept EOFError:\n    time.sleep(60)\n")]
    answer = run_answers(cells, [question], SEED, trusted=trusted)["11.1"]
    assert answer.status == "timeout" and "waited" in answer.note
    assert jail.GRACE < time.monotonic() - start < jail.GRACE + 10


SHARES = """
import os, time
def double(x):
    end = time.process_time() + 2
    while time.process_time() < end:
        start = time.process_time()
        while time.process_time() < start + 0.01:
            pass
        time.sleep(0.01)  # twice the clock for its work, as on a machine that others use
    return 2 * x
"""


@needs_jail
def test_an_answer_that_gets_half_of_the_machine_goes_on():
    question = replace(A, n_cases=1, seconds=5)
    answer = run_answers([("q11_1", SHARES)], [question], SEED)["11.1"]
    assert judge(drawn(question, SEED), answer.outputs).right


def test_a_crowded_machine_gets_more_time(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 9, 9))
    idle = jail.patience()
    monkeypatch.setattr(os, "getloadavg", lambda: (6.0, 0, 0))
    assert (idle, jail.patience()) == (jail.PATIENCE, 3 * jail.PATIENCE)


# --- where there can be no jail -----------------------------------------------------------------------------------


def test_without_bubblewrap_nothing_runs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="apt-get install bubblewrap"):
        homework(RIGHT_A)
    with pytest.raises(InputError, match="--no-jail"):
        require_jail()


def test_another_machine_is_refused(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(InputError, match="written for x86_64"):
        seccomp.program()


def test_an_interpreter_out_of_reach(monkeypatch):
    monkeypatch.setattr(jail, "reached", lambda *paths: False)
    with pytest.raises(InputError, match="cannot reach"):
        jail.visible()


@needs_jail
def test_bubblewraps_complaint_is_told(monkeypatch):
    change_command(monkeypatch, lambda line: [line[0], "--no-such-option", *line[1:]])
    answer = homework(RIGHT_A)[0][0]
    assert answer.status.startswith("jail: ended with code") and "no-such-option" in answer.note
    with pytest.raises(InputError, match="there is no jail on this machine"):
        require_jail()


@needs_jail
def test_too_much_output_is_not_read(monkeypatch):
    change_runner(monkeypatch, lambda settings: settings | {"box": 64 << 20})
    big = "import numpy as np\ndef double(x):\n    return np.zeros(3 << 20)\n"
    assert homework(big)[0][0].status == "jail: too much output"


def test_the_runner_kills_everybody_only_as_process_1(monkeypatch):
    """Outside a jail a signal to -1 would end all that the user runs."""

    class Usage:
        ru_utime = ru_stime = 0.0

    def no_children(pid, flags):
        raise ChildProcessError

    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(("process", pid)))
    monkeypatch.setattr(os, "killpg", lambda pid, number: sent.append(("group", pid)))
    monkeypatch.setattr(os, "wait4", lambda pid, flags: (pid, 0, Usage))
    monkeypatch.setattr(os, "waitpid", no_children)
    for jailed in (True, False):
        runner.stop(4321, jailed)
    assert set(sent) == {("process", 4321), ("group", 4321)}
    sent.clear()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    runner.stop(4321, jailed=True)
    assert sent == [("process", -1)]


# --- each protection is needed ------------------------------------------------------------------------------------


def change_command(monkeypatch, change):
    real = jail.command
    monkeypatch.setattr(jail, "command", lambda limits, rules: change(real(limits, rules)))


def change_runner(monkeypatch, change):
    real = jail.runner

    def changed(limits, trusted=False):
        *words, settings = real(limits, trusted)
        return [*words, json.dumps(change(json.loads(settings)))]

    monkeypatch.setattr(jail, "runner", changed)


def without(*words):
    """A command line less these words, which stand next to each other in it."""

    def change(line):
        places = [n for n in range(len(line)) if tuple(line[n : n + len(words)]) == words]
        assert places, f"{words} does not stand in the command"
        return line[: places[-1]] + line[places[-1] + len(words) :]

    return change


def unlimited(name):
    def change(settings):
        del settings["limits"][name]
        return settings

    return change


def also(*words):
    """A command line with these words before the last folders become read-only."""

    def change(line):
        place = line.index("--chdir") - 4
        return line[:place] + list(words) + line[place:]

    return change


@needs_jail
def test_the_jail_holds():
    require_jail()


@needs_jail
@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (without("--remount-ro", "/"), "no other place"),
        (without("--remount-ro", "/dev"), "no other place"),
        (without("--size", str(jail.LIMITS.scratch)), "bounded in size"),
        (without("--as-pid-1"), "other processes"),
        (also("--proc", "/proc"), "no folder of this machine"),
        (also("--ro-bind", "/etc", "/etc"), "no folder of this machine"),
        (
            also("--ro-bind", str(Path(jail.__file__).parent), str(Path(jail.__file__).parent)),
            "no folder of this machine",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_self_test_notices_a_missing_option(monkeypatch, change, promise):
    change_command(monkeypatch, change)
    with pytest.raises(InputError, match=f"not true: .*{promise}"):
        require_jail()


@needs_jail
def test_the_self_test_notices_a_network(monkeypatch):
    """Two walls stand before it: no namespace with a network, and no socket; it is noticed when both are gone."""
    change_command(monkeypatch, also("--share-net"))
    for rule in ("socket", "socketpair"):
        monkeypatch.delitem(seccomp.DENIED, rule)
    with pytest.raises(InputError, match="not true: the network is out of reach; no socket of any family"):
        require_jail()


@needs_jail
def test_the_self_test_notices_the_instructors_folder(monkeypatch):
    folder = str(folder_of())
    require_jail(hidden=[folder])
    change_command(monkeypatch, also("--ro-bind", folder, folder))
    with pytest.raises(InputError, match="not true: no folder of this machine"):
        require_jail(hidden=[folder])


@needs_jail
@pytest.mark.parametrize(
    ("limit", "promise"),
    [
        ("RLIMIT_NPROC", "processes are bounded"),
        ("RLIMIT_AS", "memory is bounded"),
        ("RLIMIT_FSIZE", "files are bounded"),
    ],
)
def test_the_self_test_notices_a_missing_limit(monkeypatch, limit, promise):
    change_runner(monkeypatch, unlimited(limit))
    with pytest.raises(InputError, match=f"not true: {promise}"):
        require_jail()


def verdict(program, machine, number, argument=0):
    """What the filter answers: its jumps followed by hand, as the kernel does."""
    rules, place, word = list(struct.iter_unpack("HBBI", program)), 0, None
    words = {seccomp.NUMBER: number, seccomp.ARCH: machine, seccomp.FIRST_ARGUMENT: argument}
    while True:
        code, yes, no, value = rules[place]
        if code == seccomp.RETURN:
            return value
        if code == seccomp.LOAD:
            word, yes, no = words[value], 0, 0
        elif not (word == value if code == seccomp.EQUAL else word >= value):
            yes = no
        place += 1 + yes


@pytest.mark.skipif("x86_64" not in os.uname().machine, reason="the filter is written for x86_64")
def test_the_filter_denies_what_it_lists():
    program = seccomp.program()
    denied = {n for n in range(600) if verdict(program, seccomp.X86_64, n) == seccomp.EPERM}
    assert denied == set(seccomp.DENIED.values())
    assert verdict(program, seccomp.X86_64, seccomp.PRLIMIT, 0) == seccomp.ALLOW
    assert verdict(program, seccomp.X86_64, seccomp.PRLIMIT, 1) == seccomp.EPERM
    assert verdict(program, seccomp.X86_64, seccomp.X32 + 1) == seccomp.EPERM
    assert verdict(program, 0x40000003, 1) == seccomp.KILL  # i386


def numbers_by_name(names):
    """The system calls' numbers on x86-64, as libseccomp has them, whose lists others keep."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not installed")
    return {name: library.seccomp_syscall_resolve_name_arch(seccomp.X86_64, name.encode()) for name in names}


def test_the_filters_numbers_are_those_of_the_names():
    listed = seccomp.DENIED | {"prlimit64": seccomp.PRLIMIT}
    assert numbers_by_name(listed) == listed


@needs_jail
@pytest.mark.parametrize("rule", [None, *("memfd_create", "shmget"), "prlimit", "socket", "socketpair"])
def test_the_self_test_notices_a_missing_rule_of_the_filter(monkeypatch, rule):
    if rule is None:
        monkeypatch.setattr(seccomp, "program", lambda: struct.pack("HBBI", seccomp.RETURN, 0, 0, seccomp.ALLOW))
    elif rule == "prlimit":
        monkeypatch.setattr(seccomp, "PRLIMIT", 999)
    else:
        monkeypatch.delitem(seccomp.DENIED, rule)
    broken = "no socket of any family" if rule in (None, "socket", "socketpair") else "the filter of system calls"
    with pytest.raises(InputError, match=f"not true: {broken}"):
        require_jail()


@needs_jail
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can fail to drop root")
def test_the_self_test_notices_root(monkeypatch):
    monkeypatch.setattr(jail, "dropped", dict)
    with pytest.raises(InputError, match=r"not true: processes are bounded in number\. "):
        require_jail()


@needs_jail
def test_installed_packages_are_hidden(monkeypatch):
    """Without the empty folders put over them they would be seen, and this package could be among them."""
    if not any(Path("/usr/lib").glob("python3*/*-packages/*")):
        pytest.skip("the system's Python has no packages")

    def unmasked(line):
        masks = [n for n, word in enumerate(line) if word == "--tmpfs" and line[n + 1].endswith("-packages")]
        return [word for n, word in enumerate(line) if not any(m <= n < m + 4 for m in masks)]

    change_command(monkeypatch, unmasked)
    with pytest.raises(InputError, match="not true: no folder of this machine"):
        require_jail()


@needs_jail
@pytest.mark.parametrize(
    ("name", "option"),
    [("a user namespace by clone", "--disable-userns"), ("a forged stream, then signals to the runner", "--as-pid-1")],
)
def test_a_hostile_cell_gains_without(monkeypatch, name, option):
    """The first attack works without its option; the second then takes B with it."""
    change_command(monkeypatch, without(option))
    (_, verdict_a), (_, verdict_b) = homework(HOSTILE[name][0])
    assert verdict_a.right or not verdict_b.right


@needs_jail
@pytest.mark.parametrize("option", ["--die-with-parent", None])
def test_the_jail_ends_with_bubblewrap(monkeypatch, option):
    """Without --die-with-parent what runs inside goes on when bubblewrap is killed."""
    if option:
        change_command(monkeypatch, without(option))
    limits, cell = marked(), "import time\ndef double(x):\n    time.sleep(30)\n"
    cells = [("q11_1", cell)]
    job = answers.job(cells, answers.runs(cells, replace(A, seconds=2), {"q11_1": 1}, SEED))
    with jail.sealed(job) as stdin, jail.sealed(seccomp.program()) as rules:
        line = jail.command(limits, rules.fileno())
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", "env": {}, **jail.dropped()}
        with subprocess.Popen(line, stdin=stdin, pass_fds=[rules.fileno()], **quiet) as process:
            while len(alive(limits)) < 3 and process.poll() is None:  # bubblewrap, the runner and its fork
                time.sleep(0.02)
            process.kill()
    if option:
        left = alive(limits)
        for pid in left:
            with suppress(ProcessLookupError):  # the runner's end took its fork with it
                os.kill(pid, signal.SIGKILL)
        assert left
    assert gone(limits)


@needs_jail
def test_the_jail_ends_with_the_grader():
    """A grader that is killed leaves nothing behind: bubblewrap ends with it, and the jail with bubblewrap."""
    limits = marked()
    code = f"""
from minigpt.grading import answers, jail
from minigpt.grading.question import Question
cell = "import time\\ndef double(x):\\n    time.sleep(30)\\n"
question = Question("11.1", "double", 1, lambda rng: {{"x": 1.0}}, None, seconds=2)
answers.run_answers([("q11_1", cell)], [question], 0, jail.Limits(file={limits.file}))
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while len(alive(limits)) < 3 and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None
        process.kill()
    assert gone(limits)


# --- bytes that others wrote, read without a jail -----------------------------------------------------------------


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "u1", "?", ">f8"])
@pytest.mark.parametrize("order", "CF")
def test_plain_arrays_are_read(dtype, order):
    array = np.arange(12).reshape(3, 4).astype(dtype, order=order)
    found = answers.array(npy(array))
    assert found.dtype == array.dtype and np.array_equal(found, array) and found.flags.writeable


@pytest.mark.parametrize(
    "array", [np.ones(2, "c16"), np.ones(2, "g"), np.array(["a"]), np.zeros(2, "V8"), np.zeros(2, "m8")]
)
def test_other_arrays_are_refused(array):
    assert answers.array(npy(array)) is None


def test_damaged_arrays_are_refused():
    raw = npy(np.arange(6.0))
    assert all(answers.array(raw[:size]) is None for size in range(len(raw)))
    assert answers.array(raw + b"x") is None
    for place in range(100):  # no byte of the header, whatever it becomes, raises
        answers.array(raw[:place] + b"\xff" + raw[place + 1 :])


def test_a_zip_must_hold_what_it_claims():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("a", b"x" * 100)
        z.writestr("b", b"y", compress_type=zipfile.ZIP_DEFLATED)
        z.writestr("c", b"z")
    raw = file.getvalue()
    assert answers.members(raw, {"a", "b"}) == {"a": b"x" * 100}
    assert answers.members(raw.replace(struct.pack("<I", 100), struct.pack("<I", 1 << 30)), {"a"}) == {}
    assert answers.members(raw[:-5], {"a"}) == {} == answers.members(b"", {"a"})


def test_members_of_a_zip_must_not_share_their_bytes():
    """Many names for the same bytes would unpack to far more than came."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr("b", bytes(10_000))
        entry = z.getinfo("b")
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as z:
        z.writestr("a", inner.getvalue()[: 31 + 10_000])  # b's own header of 31 bytes and its data
        entry.header_offset = 31
        z.filelist.append(entry)
    assert answers.members(outer.getvalue(), {"b"}) == {"b": bytes(10_000)}
    assert answers.members(outer.getvalue(), {"a", "b"}) == {}
