"""What one fork of the jail does: run a notebook's cells, then call the question's function on every case.

It goes into the jail with `runner.py`, as one text: the standard library and NumPy, never minigpt.
"""

import io
import linecache
import re
import sys
import traceback
import types
import zipfile

import numpy as np

NOTE = 2000  # characters of the notes of one question
MAGICS = 100  # lines of IPython in one cell that are looked for
MAGIC = re.compile(r"(?P<indent>\s*)(?:%%?time\s+(?P<timed>[^%!?\s].*)|[%!?].*|[\w.]+\?{1,2}\s*)")


def answer(question, cells, stuck, job, cell):
    """Run the cells up to the question's own, then its function on every case: a zip of .npy files and notes.

    Left unanswered there, the answer may stand in a cell further down: then the rest of the notebook is run too.
    """
    notes, results, own = [], io.BytesIO(), question["cells"]
    module = sys.modules["__main__"] = types.ModuleType("__main__")  # as in a notebook
    with zipfile.ZipFile(results, "w") as file:
        for part in (range(own), range(own, len(cells))):
            for place in part:
                cell[:] = (place + 1).to_bytes(8, "little")
                if place in stuck:
                    notes.append(f"cell {cells[place][0]} was left out, for it did not end")
                else:
                    run(*cells[place], module, notes)
            cell[:] = bytes(8)
            function, failed, unanswered = module.__dict__.get(question["function"]), "", False
            try:
                call(question, function, job, file)
            except BaseException as error:
                failed = told(error)
                unanswered = function is None or isinstance(error, NotImplementedError)
            if not unanswered or file.namelist():
                break
        notes.append(failed)
        file.writestr("notes.txt", "\n".join(notes)[-NOTE:].encode("utf-8", "replace"))
    return results.getvalue()


def run(name, source, module, notes):
    """Run one cell; what it raises is noted, and the next cell goes on, as in a notebook."""
    source = plain(source)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except BaseException as error:
        notes.append(f"in cell {name}:\n{told(error)}")


def plain(source):
    """The source as Python: IPython's `%time` and `%%time` leave their statement, other lines with % ! or ? go.

    Only a line at which Python itself stops is taken for one of IPython's: `%` may also divide, or stand in a text.
    """
    indent = re.match(r"[ \t]*", source)[0]  # which IPython takes off the whole cell
    lines = [line.removeprefix(indent) for line in source.split("\n")]
    for _ in range(MAGICS):
        try:
            compile("\n".join(lines), "", "exec", dont_inherit=True)
            break
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not (found := MAGIC.fullmatch(lines[number])):
                break
            lines[number] = found["indent"] + (found["timed"] or "pass")
        except (ValueError, RecursionError, MemoryError):
            break
    return "\n".join(lines)


def call(question, function, job, file):
    if function is None:
        raise NameError(f"no cell defines the function {question['function']}") from None
    for case, arguments in enumerate(question["cases"]):
        given, fresh = ({name: decoded(value, job) for name, value in arguments.items()} for _ in range(2))
        result = function(**given)
        for name in given:
            if not callable(given[name]) and comparable(given[name]) != comparable(fresh[name]):
                raise ValueError(f"case {case}: the function changed its argument {name} in place")
        if result is None:
            raise TypeError(f"case {case}: nothing was returned")
        kinds = tuple if arguments else (tuple, list)  # without arguments: an experiment's results, never one array
        for place, part in enumerate(result if isinstance(result, kinds) else (result,)):
            array = np.asarray(part)
            if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
                raise TypeError(f"case {case}: {type(part).__name__} of dtype {array.dtype} is not real numbers")
            npy = io.BytesIO()
            np.save(npy, array, allow_pickle=False)
            file.writestr(f"{case}.{place}.npy", npy.getvalue())


def decoded(value, job):
    """An argument from its place in the job; arrays are read again each time."""
    if isinstance(value, list):
        return [decoded(x, job) for x in value]
    if isinstance(value, dict) and "program" in value:
        source, name = value["program"]
        names = {"np": np}
        exec(source, names)
        return names[name]
    if isinstance(value, dict):
        return job[value["array"]] if "array" in value else job[value["scalar"]][()]
    return value


def comparable(value):
    """An argument as lists and numbers, which `==` compares."""
    return [comparable(x) for x in value] if isinstance(value, list) else np.asarray(value).tolist()


def told(error):
    """The end of a traceback, without this file's own lines."""
    first = error.__traceback__ and error.__traceback__.tb_next
    while first and first.tb_frame.f_code.co_filename == call.__code__.co_filename:
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first, limit=-2))[-NOTE // 2 :]
