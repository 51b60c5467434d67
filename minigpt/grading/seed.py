"""The seed of a batch, which stays: batch.json in its folder."""

import secrets

from minigpt.grading import stored
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json


def settle_seed(out, homework, seed, trusted):
    """The seed of this batch: the one given, or of the batch that `out` holds already, or a new one."""
    if seed == stored.SEED:
        raise InputError(f"seed {seed} is that of the students' own check, whose results they have; choose another")
    path, known = out / "batch.json", {}
    if path.exists():
        known = known_batch(path)
        for name, value in {"homework": homework, "seed": seed, "trusted": trusted}.items():
            if value is not None and known[name] != value:
                raise InputError(
                    f"{out} holds a batch with {name} {known[name]!r}, not {value!r}; choose another --out"
                )
    seed = known.get("seed", 1 + secrets.randbits(48) if seed is None else seed)
    write_json(path, {"homework": homework, "seed": seed, "trusted": trusted})
    return seed


def known_batch(path):
    kinds = {"homework": str, "seed": int, "trusted": bool}
    try:
        known = read_json(path)
    except InputError:
        known = None
    if not isinstance(known, dict) or any(type(known.get(name)) is not kind for name, kind in kinds.items()):
        raise InputError(
            f"{path} is damaged; delete it and give its seed with --seed (grades.csv beside it has it in the column "
            "seed), or choose another --out"
        )
    return known
