"""One case for one peer: `python -m benchmarks.worker CASE PEER SECONDS` prints its figures as a line of JSON."""

import json
import resource
import statistics
import sys
import time

from benchmarks.cases import CASES, Unavailable


def main(case: str, peer: str, seconds: float) -> None:
    """Warm up, then time single steps until the time is over (at least five of them)."""
    try:
        step = CASES[case](peer)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(3)
    loss = step()
    for _ in range(3):
        step()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'median_ms': statistics.median(times) * 1e3, 'steps': len(times), 'loss': loss, 'peak_mb': peak}))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
