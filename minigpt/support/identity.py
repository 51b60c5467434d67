"""What tells one run from another: its settings, and a hash of what it reads."""

import hashlib
import json


def differences(saved, identity, prefix=""):
    """What differs between two identities, as (name, then, now).

    >>> list(differences({"train": {"steps": 6, "lr": 0.1}}, {"train": {"steps": 7, "lr": 0.1}}))
    [('train.steps', 6, 7)]
    """
    for name in sorted(saved.keys() | identity.keys()):
        was, now = saved.get(name), identity.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from differences(was, now, f"{prefix}{name}.")
        elif was != now:
            yield f"{prefix}{name}", was, now


def digest(sequences):
    """What tells one list of documents from another; a token file knows its own, see `data/token_file.py`."""
    if hasattr(sequences, "digest"):
        return sequences.digest()
    return hashlib.sha256(json.dumps(sequences).encode()).hexdigest()[:16]
