"""minigpt: GPT (2018), one lecture, every equation a line of code.

Read the modules in the lecture's order: data.world, tokenizer, loss, reference, dropout, linear, attention, model,
checkpoint, train, generate, formats, heads, metrics, finetuned, finetune, pretrained. Importing this package imports
nothing else.
"""

__version__ = "0.1.0"
