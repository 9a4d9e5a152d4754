"""How long a collection takes on a cluster whose machines are unequal and die.

usage: python tools/simulate_cluster.py [--costs costs.json] [--photos 1e9] [--workers 10000]

Two ways to share the work are compared with the ideal time, photos x mean cost / workers:

* shards: each worker has its part from the start, as with `kilomark folder --shard I/N`. A worker
  that dies starts again and goes on with its part.
* queue: each worker takes the next chunk when it is free, as with `kilomark.ray`. The chunk of a
  worker that dies goes back to the queue.

`--costs` is what `tools/measure_photo_costs.py` wrote; by default of 600 small photos with crowds.
"""

from __future__ import annotations

import argparse
import heapq
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

MEASURED = Path(__file__).parent.parent / "docs" / "photo_costs.json"


@dataclass(frozen=True, slots=True)
class Cluster:
    workers: int
    slow_share: float
    """Part of the workers that are slow."""
    slow_speed: float
    """Their speed; that of the others is 1."""
    deaths_per_hour: float
    """Of each worker."""
    restart_s: float
    """From a death until the worker, or its replacement, works again."""

    def speeds(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        slow = rng.random(self.workers) < self.slow_share
        return np.where(slow, self.slow_speed, 1.0)


@dataclass(frozen=True, slots=True)
class Work:
    photos: int
    photos_per_chunk: int
    costs_s: npt.NDArray[np.float64]
    """Processor time of photos, of which those of the collection are drawn."""
    skew: float
    """Standard deviation of the logarithm of the chunks' mean cost: albums are alike inside."""

    def chunk_costs_s(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """The sum of a chunk's costs; by the central limit theorem normal before the skew."""
        count = -(-self.photos // self.photos_per_chunk)
        mean, deviation = self.costs_s.mean(), self.costs_s.std()
        size = self.photos_per_chunk
        sums = rng.normal(mean * size, deviation * size**0.5, count)
        skewed = np.exp(rng.normal(-(self.skew**2) / 2, self.skew, count))
        return np.maximum(sums, 0.1 * mean * size) * skewed

    def ideal_s(self, workers: int) -> float:
        return float(self.photos * self.costs_s.mean() / workers)


def simulate_shards(work: Work, cluster: Cluster, rng: np.random.Generator) -> float:
    """Seconds until the last shard is done. Names are hashed, so shards share every album."""
    photos = rng.binomial(work.photos, 1 / cluster.workers, cluster.workers)
    mean, deviation = work.costs_s.mean(), work.costs_s.std()
    busy = rng.normal(mean * photos, deviation * np.sqrt(photos)) / cluster.speeds(rng)
    deaths = rng.poisson(busy * cluster.deaths_per_hour / 3600)
    repeated_s = deaths * work.photos_per_chunk / 2 * mean / cluster.slow_speed
    return float((busy + deaths * cluster.restart_s + repeated_s).max())


def simulate_queue(work: Work, cluster: Cluster, rng: np.random.Generator) -> tuple[float, float]:
    """Seconds until the last chunk is done, and the part of the work that was lost to deaths."""
    waiting = work.chunk_costs_s(rng).tolist()
    total = sum(waiting)
    speeds = cluster.speeds(rng).tolist()
    rate = cluster.deaths_per_hour / 3600
    free = [(0.0, worker) for worker in range(cluster.workers)]
    end, lost = 0.0, 0.0
    draws = iter(())
    while waiting:
        now, worker = heapq.heappop(free)
        cost = waiting.pop()
        duration = cost / speeds[worker]
        lifetime = next(draws, None)
        if lifetime is None:
            draws = iter(rng.exponential(1 / rate if rate else np.inf, 1 << 16).tolist())
            lifetime = next(draws)
        if lifetime < duration:
            waiting.append(cost)
            lost += lifetime * speeds[worker]
            heapq.heappush(free, (now + lifetime + cluster.restart_s, worker))
            continue
        end = max(end, now + duration)
        heapq.heappush(free, (now + duration, worker))
    return end, lost / total


def read_costs_s(path: Path, decode_ms: float | None) -> npt.NDArray[np.float64]:
    columns = json.loads(path.read_text())
    decode = columns["decode_ms"] if decode_ms is None else decode_ms
    return np.add(decode, columns["networks_ms"]) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--costs", type=Path, default=MEASURED)
    parser.add_argument("--decode-ms", type=float, help="of every photo, in place of the measured")
    parser.add_argument("--photos", type=float, default=1e9)
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--chunks", type=int, nargs="+", default=[256, 1024, 8192, 65536])
    parser.add_argument("--skew", type=float, default=0.5)
    parser.add_argument("--slow-share", type=float, default=0.02)
    parser.add_argument("--slow-speed", type=float, default=0.4)
    parser.add_argument("--deaths-per-hour", type=float, default=0.05)
    parser.add_argument("--restart-s", type=float, default=180)
    options = parser.parse_args()

    cluster = Cluster(
        options.workers,
        options.slow_share,
        options.slow_speed,
        options.deaths_per_hour,
        options.restart_s,
    )
    costs = read_costs_s(options.costs, options.decode_ms)
    print(f"{len(costs)} costs, mean {costs.mean() * 1e3:.2f} ms; {cluster}")
    print("photos/chunk   ideal    shards    queue   lost by deaths")
    for size in options.chunks:
        work = Work(int(options.photos), size, costs, options.skew)
        ideal = work.ideal_s(options.workers)
        shards = simulate_shards(work, cluster, np.random.default_rng(0))
        queue, lost = simulate_queue(work, cluster, np.random.default_rng(0))
        print(
            f"{size:12,} {ideal / 60:7.1f}  {shards / 60:8.1f} {queue / 60:8.1f} min"
            f"  {lost * 100:6.2f} %"
        )


if __name__ == "__main__":
    main()
