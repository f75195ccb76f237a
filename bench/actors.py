"""Frames per second of the actor renderer on one core: python bench/actors.py [--frames 60]."""

from __future__ import annotations

import argparse
import statistics
import time

import cv2

from menshen.actors import Actor, Pose, Scene, cast, render


def seconds_per_frame(actor: Actor, *, frames: int, scene: Scene) -> list[float]:
    """CPU seconds of each frame of a slow head turn; building the person is not counted."""
    render(actor, scene=scene)
    spent = []
    for i in range(frames):
        pose = Pose(yaw=40 * i / frames - 20, blink=float(i % 15 == 0))
        start = time.process_time()
        render(actor, pose=pose, scene=Scene(scene.width, scene.height, noise_seed=i))
        spent.append(time.process_time() - start)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60, help="frames for each actor")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    scene = Scene(options.width, options.height)
    rates = []
    for actor in cast():
        median = statistics.median(seconds_per_frame(actor, frames=options.frames, scene=scene))
        rates.append(1 / median)
        print(f"{actor.name:12} {1000 * median:6.1f} ms  {1 / median:5.1f} frames/s")
    size = f"{options.width}x{options.height}"
    print(
        f"{size}, one thread, CPU time: median {statistics.median(rates):.1f} frames/s, "
        f"slowest actor {min(rates):.1f}, quickest {max(rates):.1f}"
    )


if __name__ == "__main__":
    main()
