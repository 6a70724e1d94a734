"""The language server: what an editor shows of a spec while it is written.

The modules here are pure but for `server`: they take a text, a position and what is known of the program, and give back
plain data. Nothing here opens data, asks a model or imports JAX.
"""
