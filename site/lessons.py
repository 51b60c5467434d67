"""A lesson as a page of the book: its figures numbered, each with a caption and a link; its live views in frames."""

import html
import json
import re

WORDS = {
    "en": {"figure": "Fig.", "figures": "Figures", "explorer": "The explorer"},
    "zh": {"figure": "图", "figures": "插图", "explorer": "探索页"},
}
VIEW = re.compile(r'widgets\.explorer\(\w+, \w+, "(\w+)", "(.*)"\)')
PICTURES = ("image/svg+xml", "image/png")


def lesson(path, code):
    """The notebook at `path` as the book shows it, its title, and its figures as (number, caption)."""
    text = path.read_text(encoding="utf-8").replace("](../GLOSSARY.md)", "](glossary.md)")
    notebook = alive(json.loads(text), code)
    notebook["cells"] = [part for cell in notebook["cells"] for part in parts(cell)]
    figures = []
    for cell in notebook["cells"]:
        found = picture(cell)
        if found:
            number = f"{path.parent.name[:2]}.{len(figures) + 1}"
            figures.append((number, found))
            caption = f"**{WORDS[code]['figure']} {number}** {plain(found)}"
            figure = {"caption": caption, "name": f"fig-{number.replace('.', '-')}"}
            cell["metadata"]["mystnb"] = {"figure": figure, "image": {"alt": found}}
    title = "".join(notebook["cells"][0]["source"]).split("\n")[0].lstrip("# ")
    return notebook, title, figures


def picture(cell):
    """What the picture among a cell's outputs shows, in words; None without one."""
    for output in cell.get("outputs", []):
        for kind in PICTURES:
            if kind in output.get("data", {}):
                return output["metadata"].get(kind, {}).get("alt") or "".join(output["data"]["text/plain"])
    return None


def parts(cell):
    """A cell as cells with one picture each, and what is printed before it; the code stands above the first."""
    if cell["cell_type"] != "code":
        return [cell]
    cells = [{**cell, "outputs": []}]
    for output in cell["outputs"]:
        if picture(cells[-1]):
            hidden = {
                "metadata": {"tags": ["remove-input"]},
                "source": ["# hidden, and not empty: such a cell is left out"],
            }
            cells.append({**cell, **hidden, "id": f"{cell['id']}-{len(cells)}", "outputs": []})
        data = output.get("data", {})
        known = {kind: value for kind, value in data.items() if "minigpt" not in kind}  # what a figure is compared by
        cells[-1]["outputs"].append({**output, "data": known} if data else output)
    return cells


def plain(text):
    """Text whose signs mean nothing to Markdown.

    >>> plain("<s> a*b")
    '\\\\<s\\\\> a\\\\*b'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def alive(notebook, code):
    """Where a lesson shows the explorer as a widget, the book shows it in a frame, with the model that is shipped."""
    for cell in notebook["cells"]:
        found = VIEW.search("".join(cell["source"]))
        if found:
            address = html.escape(f"explorer.html#{found[1]}={found[2]}&lang={code}&bare=1")
            title = WORDS[code]["explorer"]
            frame = f'<iframe class="explorer" src="{address}" title="{title}" loading="lazy"></iframe>'
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": frame}}]
    return notebook


def list_of_figures(figures, code):
    """A page with a link to each figure; `figures` has (page, title, its figures) of each lesson."""
    word, lines = WORDS[code], [f"# {WORDS[code]['figures']}"]
    for page, title, found in figures:
        lines += ["", f"## [{title}]({page}.ipynb)" if found else "", ""]
        for number, caption in found:
            name = f"fig-{number.replace('.', '-')}"
            lines.append(f"- {{ref}}`{word['figure']} {number} <{name}>` {plain(caption)}")
    return "\n".join(lines) + "\n"
