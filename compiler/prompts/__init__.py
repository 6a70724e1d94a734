"""Prompts: templates to messages, messages to text, text to tokens, labels to token ids."""
