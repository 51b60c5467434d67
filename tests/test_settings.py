"""What a real run reads: the books that it may, its tasks' own text, and nothing that it is tested on."""

import dataclasses

import pytest
from test_readers import made_up  # noqa: F401

from minigpt.data import gutenberg
from minigpt.metrics import paired
from minigpt.studies import main_job, settings
from minigpt.train import documents

PARTS = ("text", "train", "dev", "test")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_real_run_reads_what_it_is_not_tested_on(made_up, language):  # noqa: F811
    setting = settings.real(3, 0.5, language)
    assert list(setting.tasks) == list(settings.REAL[language]) and setting.minutes == 0.5
    text = "\n".join(setting.corpus.texts)
    if language == "en":
        told = {part: [f"{name.replace('_', '')}." for name in gutenberg.names(part)] for part in PARTS}
        assert [part for part in PARTS if any(name in text for name in told[part])] == ["text"]
        assert all(name in text for name in told["text"])
        assert all(name in "\n".join(setting.corpus.fresh) for name in told["test"])
        own = settings.own_text(settings.READ["en"])
        assert {setting.corpus.texts.count(page) for page in own} == {settings.OFTEN}
        assert "Cats" not in text and len(setting.pairs) == 67 * 100 and "\nTRAIN\na cat\n" in text
    else:
        assert "good 0" in text and setting.pairs == []
        assert len(setting.tasks["waimai"].train) == 48 and len(setting.tasks["ocnli"].train) == 36
    assert "Which one is 7 ?" in text or language == "zh"
    tok = setting.tokenizer()
    assert max(map(len, documents(setting.corpus.texts, tok, setting.config(tok).n_ctx))) <= 257


def test_a_page_of_own_text_holds_each_text_once(made_up):  # noqa: F811
    pages = settings.own_text({"sick-entailment": ("train", "dev")})
    assert pages == ["TRAIN\na cat\nTRIAL"]


def test_twins_stand_side_by_side():
    """What is compared two by two: in the toy world, where the two have one passage, and one of them is right."""
    tasks = settings.toy(0).tasks
    for name, data in tasks.items():
        assert data.groups == (2 if name in settings.TWINS else 1)
        if data.groups == 2:
            twins = zip(data.test[::2], data.test[1::2], strict=True)
            assert all(one["label"] != other["label"] for one, other in twins), name
    premises = [example["premise"] for example in tasks["entailment"].test]
    assert premises[::2] == premises[1::2]


def test_leads_of_twins_count_pairs():
    right = [True, True, False, False, True, True]
    row = {"task": "entailment", "pre-trained": {"right": right}, "majority": {"right": [False, True] * 3}}
    found = main_job.leads(row, groups=2)
    assert found == {"majority": dataclasses.asdict(paired(right, [False, True] * 3, groups=2))}
    assert all("right" not in arm for name, arm in row.items() if name != "task")
