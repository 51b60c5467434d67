"""The explorer in a notebook: the page's own script as a widget, for a model that was trained a cell ago.

anywidget carries it: the script is sent from the kernel, so JupyterLab, VS Code and Colab need no extension and no
network. A style of its own is around it (a shadow root): nothing of the notebook's reaches in.
"""

import anywidget
import traitlets

from minigpt.pictures.explorer.page import inert, script, style
from minigpt.pictures.explorer.payload import of_model

RENDER = """
export default {
  render({ model, el }) {
    const read = (name) => model.get(name);
    const language = navigator.language.startsWith("zh") ? "zh" : "en"; // the reader's
    mount(el, JSON.parse(read("data")), { style: read("style"), language, hash: read("hash") });
  },
};
"""


class Explorer(anywidget.AnyWidget):
    """One view of the page; `hash` is its address, as after the page's `#`."""

    _esm = script() + RENDER
    data = traitlets.Unicode().tag(sync=True)
    style = traitlets.Unicode(style()).tag(sync=True)
    hash = traitlets.Unicode().tag(sync=True)


def explorer(model, tok, view, text):
    """A view of the explorer, "next" or "inside", for a model and a text."""
    return Explorer(data=inert(of_model(tok, model)), hash=f"{view}={text}&bare=1")
