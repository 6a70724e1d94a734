"""What texts share: their prefixes are found, each token of the tree is computed once, in waves of one static shape.

requests --questions--> sequences with probes --walk--> tokens, depth first --shards--> waves --shapes--> programs
"""
