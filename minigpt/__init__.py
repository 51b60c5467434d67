"""minigpt: GPT (2018), one lecture, every equation a line of code.

Read the modules in the lecture's order: data.world, tokenizer, loss, reference, attention, model, train, generate,
formats, heads, finetune. Importing this package imports nothing else: each module brings what it needs.
"""

__version__ = "0.1.0"
