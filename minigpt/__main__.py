"""`python -m minigpt`: the same as the command `minigpt`; `torchrun` needs this form."""

from minigpt.cli import main

raise SystemExit(main())
