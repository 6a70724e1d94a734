"""The compiler: from a typed audit and its data to a plan of requests and a graph of scores.

Imported as `cyclspec.compiler`. Uses the language's data classes, never the face above it.
"""

if __name__ != "cyclspec.compiler":
    raise ImportError("import `cyclspec.compiler`: the top-level folder is not a package of its own")
