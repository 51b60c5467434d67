"""The explorer: its numbers are PyTorch's and the world's, its controls move it, and no text breaks it."""

import base64
import json

import numpy as np
import pytest
import torch
from conftest import ROOT, Tab

from minigpt.data import world, world_tasks
from minigpt.generate import next_token_probabilities
from minigpt.model import GPT, GPTConfig
from minigpt.pictures.explorer import page as explorer
from minigpt.pictures.explorer.payload import of_folder, of_model, rounded, task_models, weights
from minigpt.pictures.widgets import attention_weights
from minigpt.pretrained import load_body
from minigpt.studies.snapshots import UNMASKED_STEPS
from minigpt.support import words
from minigpt.support.files import write_json
from minigpt.support.tensors import save_tensors
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer

BODY = ROOT / "datasets" / "toy_world" / "body"
NAMES = "TEXTS, answer, forward, generator, model, probabilities, tokenizer, world"
READY = "() => document.querySelector('#explorer').app?.drawn.then(() => true)"
AXE = "axe-playwright-python is missing: pip install '.[book]'"
HURTS = {
    "empty": "",
    "one word": "Anna",
    "unknown words": "Zebras sleep",
    "emoji": "Anna took the 🔑👩‍🚀.",
    "markup": "<img src=x onerror=alert(1)> <script>boom()</script> & &amp;",
    "longer than n_ctx": "Anna took the key. " * 40,
    "10,000 characters": "x" * 10_000,
    "half a character": "Anna \ud83d took",
}
WRONG = {  # a version of the script with one mistake
    "mask off by one": ("masked ? t + 1 : T", "masked ? Math.min(T, t + 2) : T"),
    "no scale": ("score / Math.sqrt(d_k)", "score"),
    "pre-LN": ("const qkv = product(x, p.W_qkv", "const qkv = product(layerNorm(x, p.g_1.data, p.c_1.data), p.W_qkv"),
}


def model_of(language):
    """A tokenizer and a model with the page's rounding: the one that is shipped, or for Chinese one that is drawn."""
    if language == "en":
        tok, gpt = load_body(BODY)
    else:
        tok = Tokenizer.train(world.stories(2_000, 0, language), 100, "word")
        gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=88, n_layer=2, n_head=4, d_model=32, dropout=0.0), seed=0)
        with torch.no_grad():
            gpt.blocks[0].attention.qkv.weight.mul_(20)  # so that attention is not flat
    return tok, rounded(gpt).eval()


def scripted(tab, code=None):
    """A page with the explorer's functions as `js`."""
    tab.page.goto("about:blank")
    tab.page.add_script_tag(content=f"{code or explorer.script()}\nglobalThis.js = {{{NAMES}}};", type="module")
    tab.page.wait_for_function("() => globalThis.js")
    return tab.page


def logits_and_attention(page, tok, gpt, texts):
    """Of each text, by the page: (T, |V|) and one (T, T) a head and layer."""
    ids = [[tok.start_id, *tok.encode(text)] for text in texts]
    return ids, page.evaluate(
        """async ([packed, all]) => {
            const gpt = await js.model(packed);
            const bytes = ({ data }) => btoa(String.fromCharCode(...new Uint8Array(data.buffer)));
            return all.map((ids) => {
                const run = js.forward(gpt, ids);
                return [bytes(run.logits), run.blocks.map((b) => b.weights.map(bytes))];
            });
        }""",
        [weights(gpt), ids],
    )


def numbers(text, shape):
    return np.frombuffer(base64.b64decode(text), np.float64).reshape(shape)


def differences(page, tok, gpt, texts):
    """The largest difference from PyTorch: of a logit, of an attention weight."""
    ids, found = logits_and_attention(page, tok, gpt, texts)
    worst = [0.0, 0.0]
    for one, (logits, maps) in zip(ids, found, strict=True):
        with torch.no_grad():
            ours = gpt(torch.tensor([one]))[0].numpy()
        worst[0] = max(worst[0], np.abs(ours - numbers(logits, ours.shape)).max())
        for layer, heads in enumerate(maps):
            ours = attention_weights(gpt, one, layer)
            theirs = np.stack([numbers(head, ours.shape[1:]) for head in heads])
            worst[1] = max(worst[1], np.abs(ours - theirs).max())
    return worst


@pytest.mark.parametrize("language", ["en", "zh"])
def test_logits_and_attention_are_pytorchs(tab, language):
    tok, gpt = model_of(language)
    logits, attention = differences(scripted(tab), tok, gpt, world.stories(100, 7, language))
    assert logits < 1e-4 and attention < 1e-5


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_version_is_told_apart(tab, mistake):
    right, wrong = WRONG[mistake]
    assert explorer.script().count(right) == 1
    page = scripted(tab, explorer.script().replace(right, wrong))
    logits, attention = differences(page, *model_of("en"), world.stories(3, 7))
    assert logits > 1e-2 and attention > 1e-3


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_truth_is_the_worlds(tab, language):
    page, table = scripted(tab), of_model(*model_of(language))["world"]
    prefixes = [words.split(story)[:n] for n, story in enumerate(world.stories(60, 3, language))]
    found = page.evaluate(
        """([table, prefixes]) => {
            const w = js.world(table);
            const pair = ({next, logP}) => [Object.fromEntries(next), logP];
            return prefixes.map((prefix) => pair(w.nextWord(prefix)));
        }""",
        [table, prefixes],
    )
    for prefix, (distribution, log_p) in zip(prefixes, found, strict=True):
        true, true_log_p = world.next_word(prefix, language)
        assert distribution.keys() == true.keys()
        assert max(abs(true[word] - p) for word, p in distribution.items()) < 1e-9
        assert log_p == pytest.approx(true_log_p, abs=1e-9)
    unknown = page.evaluate("(table) => js.world(table).nextWord(['.', 'x'])", table)
    assert unknown is None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_the_tasks_answers_and_the_worlds(tab, tmp_path, task, language):
    """The page's answer is `predict`'s, and the truth that it reads from the texts is the label."""
    examples = world_tasks.examples(task, 50, 5, language)
    tok, gpt = model_of(language)
    model = TaskModel.for_examples(task, tok, gpt, examples)
    with torch.no_grad():
        model.head.w_y.weight.mul_(100)
    model.save(tmp_path)
    packed = task_models(tmp_path, task)["pretrained"]
    rounded(model.body), rounded(model.head)
    found = scripted(tab).evaluate(
        """async ([packed, tokens, table, task, examples]) => {
            const gpt = await js.model(packed.model), tok = js.tokenizer(tokens), judge = js.world(table).judge[task];
            return examples.map((e) => [js.answer(gpt, task, packed.labels, e, tok).answer, judge(e)]);
        }""",
        [packed, of_model(tok, gpt)["tokenizer"], of_model(tok, gpt)["world"], task, examples],
    )
    assert [answer for answer, _ in found] == model.predict(examples)
    assert [truth for _, truth in found] == [example["label"] for example in examples]


def test_long_examples_are_cut_as_formats_cuts_them(tab):
    tok, gpt = model_of("en")
    long = {"passage": "Anna took the key. " * 30, "question": "Who has the key?", "options": ["Anna", "Ben " * 70]}
    model = TaskModel.for_examples("multiple_choice", tok, gpt, [long | {"label": 0}])
    ours, n_cut = model.encode([long])
    theirs = scripted(tab).evaluate(
        """async ([packed, tokens, example]) =>
            js.answer(await js.model(packed), "multiple_choice", null, example, js.tokenizer(tokens)).rows""",
        [weights(model.body, model.head), of_model(tok, gpt)["tokenizer"], long],
    )
    assert n_cut == 1 and theirs == ours[0]


@pytest.mark.parametrize("level", ["word", "char", "bpe"])
def test_the_tokenizer_is_pythons(tab, level):
    texts = [
        *world.stories(50, 1),
        *world.stories(20, 1, "zh"),
        "It's 3.5 naïve cafés, don't! 你好，世界。  两 个\n\nend ",
    ]
    tok = Tokenizer.train(texts, 400, level)
    gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=8, n_layer=1, n_head=1, d_model=4))
    texts += [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in HURTS.values()]
    found = scripted(tab).evaluate(
        """([tokens, texts]) => {
            const tok = js.tokenizer(tokens);
            return texts.map((text) => { const ids = tok.encode(text); return [ids, tok.decode(ids)]; });
        }""",
        [of_model(tok, gpt)["tokenizer"], texts],
    )
    for text, (ids, decoded) in zip(texts, found, strict=True):
        assert ids == tok.encode(text), text
        assert decoded == tok.decode(ids), text


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5}, {"temperature": 0}, {"topK": 3}, {"topP": 0.6}])
def test_what_is_drawn_from(tab, settings):
    logits = torch.randn(40, generator=torch.Generator().manual_seed(0)) * 3
    names = {"temperature": "temperature", "topK": "top_k", "topP": "top_p"}
    ours = next_token_probabilities(logits.double(), **{names[name]: value for name, value in settings.items()})
    theirs = scripted(tab).evaluate("([x, s]) => [...js.probabilities(x, s)]", [logits.tolist(), settings])
    np.testing.assert_allclose(theirs, ours, atol=1e-12)


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What `minigpt run` leaves, without its hour: the shipped body, tasks with random heads, two snapshots."""
    place = tmp_path_factory.mktemp("run")
    tok, gpt = load_body(BODY)
    gpt.save(place), tok.save(place)
    for task in world_tasks.TASKS:
        model = TaskModel.for_examples(task, tok, gpt, world_tasks.examples(task, 20, 0))
        model.save(place / task), model.save(place / "from-scratch" / task)
    fresh = GPT(gpt.config, seed=1).state_dict()
    for name in ("step0", "step100", f"no-mask{UNMASKED_STEPS}"):
        save_tensors(place / "snapshots" / f"{name}.safetensors", fresh)
    (place / "loss.csv").write_text("step,loss\n" + "".join(f"{i},{3 / i:.3f}\n" for i in range(1, 401)))
    write_json(place / "metrics.json", {"pretraining": {"floor": 0.5}})
    explorer.write(place, place / "explorer.html")
    return place


def opened(tab, folder, address):
    """The page at an address, drawn."""
    tab.page.goto("about:blank")  # another address alone does not load the page again
    page = tab.open(f"{(folder / 'explorer.html').as_uri()}#{address}")
    page.wait_for_function(READY)
    return page


def shown(page):
    """All that is drawn: text, widths, and the pixels of each map."""
    page.wait_for_function(READY)
    return page.evaluate(
        """() => {
            const view = document.querySelector('#explorer').shadowRoot.querySelector('.view');
            const maps = [...view.querySelectorAll('canvas')].map((c) => c.toDataURL()).join();
            return view.textContent + [...view.querySelectorAll('.bar')].map((b) => b.style.width).join()
                + [...view.querySelectorAll('input, textarea')].map((i) => i.value + i.checked).join() + maps;
        }"""
    )


def moved(control, tag):
    """Move one control, whatever it is."""
    kind = control.get_attribute("type")
    if tag == "textarea":
        control.fill("Paris welcomed the dog. Anna has the key")
    elif kind == "range":
        control.press("ArrowLeft" if control.input_value() == control.get_attribute("max") else "ArrowRight")
    elif kind == "number":
        control.fill("3")
    else:
        control.click()


VIEWS = {
    "next": "next=Anna took the key. Anna",
    "inside": "inside=Anna found the key. The key is with&head=2",
    "single text": "tasks=single_text",
    "entailment": "tasks=entailment",
    "similarity": "tasks=similarity",
    "choice": "tasks=multiple_choice",
    "training": "training=Anna found the key. The key is with&step=100",
}


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_every_control_moves_its_view(browser, folder, width):
    tab = Tab(browser, width=width, height=900)
    page = opened(tab, folder, "next=")
    for view in VIEWS:
        controls_move(page, view, width)
    assert tab.foreign == [] and tab.errors == []
    page.close()


def controls_move(page, view, width):
    """Each one in turn, from the same state; what is chosen already, and what the next tests move, is left out."""
    page.evaluate("(hash) => document.querySelector('#explorer').app.go(hash)", VIEWS[view])
    page.wait_for_function(READY)
    controls = page.locator(".view").locator("button, input, textarea")
    found, still = controls.count(), []
    for i in range(found):
        page.evaluate("(hash) => document.querySelector('#explorer').app.go(hash)", VIEWS[view])
        before = shown(page)
        tag, name = controls.nth(i).evaluate("e => [e.tagName.toLowerCase(), e.id || e.textContent]")
        chosen = controls.nth(i).get_attribute("aria-pressed") == "true"
        if chosen or name in ("Write", "seed") or not controls.nth(i).is_visible():  # a word of the closed list
            continue
        moved(controls.nth(i), tag)
        if shown(page) == before:
            still.append((i, tag, name))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (view, name)
    assert found > 2 and still == [], view


def test_writing_goes_on_and_comes_again(browser, folder):
    texts = []
    for seed in (5, 5, 6):
        tab = Tab(browser)
        page = opened(tab, folder, f"next=Anna&seed={seed}")
        page.get_by_role("button", name="Write").click()
        page.get_by_role("button", name="Stop").wait_for(state="detached", timeout=300_000)
        texts.append(page.locator("textarea").input_value())
        page.close()
    assert len(texts[0]) > 40 and texts[0] == texts[1] != texts[2]


def test_the_address_holds_the_state(browser, folder):
    tab = Tab(browser)
    page = opened(tab, folder, "next=Anna took the key.&t=0.7&k=5&lang=zh")
    assert page.locator("#t").input_value() == "0.7" and page.locator("#k").input_value() == "5"
    assert page.evaluate("document.documentElement.lang") == "zh"
    page.locator("#k").press("ArrowRight")
    page.wait_for_function("() => location.hash.includes('k=6')")
    assert "t=0.7" in page.url and "lang=zh" in page.url
    page.evaluate("location.hash = '#inside=Anna took&layer=2&head=3&lang=en'")
    page.wait_for_function("() => document.querySelector('#explorer').app.state.view === 'inside'")
    page.wait_for_function(READY)
    assert page.locator(".map[aria-pressed=true]").get_attribute("aria-label") == "head 3, layer 2"
    page.close()


@pytest.mark.parametrize("name", HURTS)
def test_texts_that_hurt(tab, folder, name):
    for view in ("next", "inside", "training", "tasks"):
        page = opened(tab, folder, "tasks=single_text" if view == "tasks" else f"{view}=Anna")
        page.locator(".view textarea").first.evaluate(
            "(e, text) => { e.value = text; e.dispatchEvent(new Event('input')); }", HURTS[name]
        )
        shown(page)
        notes = page.locator(".view .note").all_inner_texts()
        if name in ("unknown words", "emoji", "markup") and view != "tasks":
            assert any("<unk>" in note for note in notes)
        if name in ("longer than n_ctx",) and view != "tasks":
            assert any("at most 88" in note for note in notes)
        if name == "half a character" and view != "tasks":
            page.wait_for_function("() => location.hash.includes('%EF%BF%BD')")
        if view == "tasks" and name == "empty":
            assert notes == ["A text is empty; each one needs at least a word."]
        assert page.locator("img, script:not([id]):not([type])").count() == 0
    assert tab.foreign == [] and tab.errors == []


def test_unknown_words_stay_as_they_were_typed(tab, folder):
    page = opened(tab, folder, "next=Zoe  took the key.")
    page.get_by_role("button", name="One token").click()
    page.wait_for_function("() => document.querySelector('#explorer').app.state.text.length > 18")
    assert page.locator("#text").input_value().startswith("Zoe  took the key. ")
    page.get_by_role("button", name="Back", exact=True).click()
    assert page.locator("#text").input_value() == "Zoe  took the key."


def test_typing_stops_the_writing(tab, folder):
    page = opened(tab, folder, "next=Anna")
    page.get_by_role("button", name="Write").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.locator("#text").fill("Ben")
    page.wait_for_timeout(600)
    assert page.locator("#text").input_value() == "Ben"
    assert page.get_by_role("button", name="Write").count() == 1


def test_addresses_that_are_broken(tab, folder):
    """Each opens the nearest view that there is."""
    for address in (
        "next=%E0%A4%A", "next=Anna&t=NaN&k=-5&p=x&seed=y", "inside=Anna&layer=99&head=0&at=999",
        "training=Anna&step=abc",
        "next=Anna&lang=constructor", "next=Anna&view=tasks", "tasks=foo", "nothing", "",
        "tasks=multiple_choice&passage=Anna&question=Who?&" + "option=Anna&" * 41,
        "tasks=multiple_choice&passage=Anna&question=Who?&option=Anna",
    ):  # fmt: skip
        page = opened(tab, folder, address)
        assert page.locator(".view h2").count() == 1, address
        assert page.locator(".options textarea").count() <= 5
    assert tab.errors == []


def test_scores_and_labels_of_ones_own(tab, tmp_path):
    """A score is PyTorch's; a label of any name, such as those that every object has, is shown as it is."""
    tok, gpt = load_body(BODY)
    pairs = [
        {"a": "Anna took the key.", "b": "Ben took the key."},
        {"a": "Anna has the key", "b": "Anna took the key."},
    ]
    for answers in ({"score": [1.0, 4.0]}, {"label": ["constructor", "same"]}):
        ((column, values),) = answers.items()
        examples = [pair | {column: value} for pair, value in zip(pairs, values, strict=True)]
        model = TaskModel.for_examples("similarity", tok, gpt, examples)
        model.save(tmp_path / column)
        explorer.write(tmp_path / column, tmp_path / column / "explorer.html")
        page = opened(tab, tmp_path / column, "tasks=similarity&a=Anna took the key.&b=Ben took the key.")
        told = page.locator(".verdict").inner_text()
        rounded(model.body), rounded(model.head)
        answer = model.predict(pairs[:1])[0]
        assert (f"{answer:.2f}" if column == "score" else "constructor") in told
    assert tab.errors == []


@pytest.mark.parametrize("level", ["char", "bpe"])
def test_a_model_of_another_kind(tab, tmp_path, level):
    """Chinese, a few bytes a piece: what is written is made of whole characters; no truth is known."""
    tok = Tokenizer.train(world.stories(500, 0, "zh"), 270, level)
    tok.save(tmp_path)
    GPT(GPTConfig(tok.vocab_size, n_ctx=16, n_layer=1, n_head=2, d_model=8, dropout=0.0)).save(tmp_path)
    explorer.write(tmp_path, tmp_path / "explorer.html", "zh")
    page = opened(tab, tmp_path, "next=小安拿了")
    for _ in range(5):
        before = page.locator("#text").input_value()
        page.get_by_role("button", name="写一个词元").click()
        page.wait_for_timeout(150)
        after = page.locator("#text").input_value()
        assert after.startswith(before)
    shown(page)
    assert page.locator(".legend").first.inner_text().strip() == "模型"
    opened(tab, tmp_path, "inside=小安拿了球")
    assert tab.errors == []


def test_the_browsers_back_button(tab, folder):
    page = opened(tab, folder, "next=Anna took the key.")
    page.get_by_role("button", name="Inside").click()
    page.wait_for_function("() => location.hash.startsWith('#inside')")
    page.go_back()
    page.wait_for_function("() => document.querySelector('#explorer').app.state.view === 'next'")
    assert "Anna took the key." in page.locator("#text").input_value()


def test_what_was_pointed_at_and_the_focus_stay(tab, folder):
    page = opened(tab, folder, "inside=Anna took the key.")
    page.locator("canvas.heat").first.click(position={"x": 30, "y": 10})
    shown(page)
    assert "shape" in page.locator(".readout").inner_text()
    page.get_by_role("button", name="head 2, layer 3").focus()
    page.keyboard.press("Enter")
    shown(page)
    focused = "document.querySelector('#explorer').shadowRoot.activeElement?.getAttribute('aria-label')"
    assert page.evaluate(focused) == "head 2, layer 3"


def test_a_token_that_is_pointed_at_lights_up_whom_it_looks_at(tab, folder):
    page = opened(tab, folder, "inside=Paris welcomed the cat. The cat sleeps in&head=1")
    lit = """() => [...document.querySelector('#explorer').shadowRoot.querySelectorAll('[data-at]')]
        .map((token) => Number(token.style.getPropertyValue('--look')))"""
    tok, gpt = load_body(BODY)
    ids = [tok.start_id, *tok.encode("Paris welcomed the cat. The cat sleeps in")]
    weights = attention_weights(rounded(gpt), ids, 2)[0]
    np.testing.assert_allclose(page.evaluate(lit), [*weights[-1], *weights[-1]], atol=1e-3)  # below and above
    page.locator("[data-at='3']").first.hover()
    np.testing.assert_allclose(page.evaluate(lit), [*weights[3], *weights[3]], atol=1e-3)


def test_swapping_a_and_b_changes_no_bit(tab, folder):
    page = opened(tab, folder, "tasks=similarity")
    shares = page.locator(".verdict .value").all_inner_texts()
    page.get_by_role("button", name="Swap a and b").click()
    shown(page)
    assert page.locator(".verdict .value").all_inner_texts() == shares


def test_the_mask_off_reads_a_model_that_was_trained_so(tab, folder):
    page = opened(tab, folder, "inside=Anna took the key. The key is with&mask=off")
    assert f"{UNMASKED_STEPS} steps" in page.locator(".note").first.inner_text()
    explorer.write(BODY, folder / "body.html")
    alone = tab.open(f"{(folder / 'body.html').as_uri()}#inside=Anna took the key.&mask=off")
    alone.wait_for_function(READY)
    assert "trained with it" in alone.locator(".note").first.inner_text()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, folder, language, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=AXE).Axe()
    tab = Tab(browser)
    tab.page.emulate_media(color_scheme=scheme)
    found = []
    for address in VIEWS.values():
        page = opened(tab, folder, f"{address}&lang={language}")
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((address, violation["id"], [node["html"][:120] for node in violation["nodes"]][:3]))
    page.close()
    assert found == [], json.dumps(found, indent=1)


def test_every_text_is_in_both_languages(tab):
    """The same keys, those within columns and labels too."""
    keys = scripted(tab).evaluate(
        """() => ["en", "zh"].map((language) => Object.entries(js.TEXTS[language])
            .map(([key, text]) => [key, typeof text === "object" ? Object.keys(text) : typeof text]))"""
    )
    assert keys[0] == keys[1] and len(keys[0]) > 50


def test_a_page_stays_small(folder):
    """With a body, eight tasks' models, two snapshots and a cheat; float16, so 1.6 MB a million weights, at most."""
    n = sum(p.numel() for p in load_body(BODY)[1].parameters())
    assert (folder / "explorer.html").stat().st_size < 12 * 2.5 * n
    assert set(of_folder(folder)["tasks"]) == set(world_tasks.TASKS)


def test_a_frame_opens_at_the_maps_that_its_address_names(browser, tmp_path):
    """The map of the chosen head is all in view; without a layer in the address the page begins at its top."""
    tab = Tab(browser, 1170, 520)
    path = tmp_path / "explorer.html"
    explorer.write(BODY, path, "en")
    text = "inside=Paris welcomed the cat. The cat sleeps in&bare=1"
    for address, in_view in ((f"{text}&layer=3&head=1", True), (text, False)):
        tab.page.goto("about:blank")
        tab.open(f"{path.as_uri()}#{address}").wait_for_function(READY)
        box = tab.page.locator(".named .heat").first.bounding_box()
        assert (box["y"] >= 0 and box["y"] + box["height"] <= 520) == in_view
        assert tab.page.evaluate("scrollY > 0") == in_view
        cut = tab.page.locator(".upright span").evaluate_all(
            "spans => spans.filter(s => s.scrollHeight > s.parentNode.clientHeight + 1).map(s => s.textContent)"
        )
        assert not cut, "names below the map are cut"
    tab.page.close()
