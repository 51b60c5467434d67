"""`python -m minigpt`: the same as the command `minigpt`; `torchrun` needs this form."""

from minigpt.commands import main

raise SystemExit(main())
