"""Speed, held as ratios against a baseline in the same run: these machines are noisy.

`python -m bench` runs every figure (`python -m bench throughput` one), prints a table and writes
`.doorstep/bench.json` as `{figure: {value, unit, target, ok}}`.
"""
