"""Benchmarks: the engine and its peers on the same questions, in one run.

    shape --checkpoints--> weights and tokenizer on disk --workloads--> prompts --arms--> answers and seconds --report

Every arm is a process of its own (`process`), measured in turns (`rounds`), on prompts that all arms share; answers
are compared before any second is believed. The command is `python -m benchmarks.run`.
"""
