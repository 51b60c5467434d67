"""The frozen sample in `datasets/toy_world`: `python -m minigpt.data.world_sample` writes it again."""

import json
import sys
from pathlib import Path

from minigpt.data import world, world_tasks
from minigpt.data.world_words import LANGUAGES
from minigpt.support.files import replacing

SEED, N_STORIES, N_EXAMPLES = 2018, 50, 20


def sample_files():
    """Name to text of every file of the sample."""
    files = {}
    for language in LANGUAGES:
        files[f"stories.{language}.txt"] = "\n\n".join(world.stories(N_STORIES, SEED, language)) + "\n"
        for task in world_tasks.TASKS:
            rows = world_tasks.examples(task, N_EXAMPLES, SEED, language)
            files[f"{task}.{language}.jsonl"] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return files


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "datasets/toy_world")
    for name, text in sample_files().items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(text.encode())
