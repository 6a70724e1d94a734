"""The runtime: models, engine, store and report.

Imported as `cyclspec.runtime`. Uses the compiler's plan and graph data classes, never its passes.
"""

if __name__ != "cyclspec.runtime":
    raise ImportError("import `cyclspec.runtime`: the top-level folder is not a package of its own")
