"""How often 95 % intervals hold the truth: simulated audits, scored by the graphs of six specs.

    design --worlds--> answers or people, whose truth is known --graph--> intervals --study--> coverage

Simulated audits are levels of an axis of one audit, so that the compiled graph scores a hundred of them at once.
"""
