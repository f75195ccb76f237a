"""People who do not exist, for the demo, the tests and load (see NOTICE.md).

They test plumbing, protocol and attack logic. They say nothing about accuracy, bias or spoof
resistance on real people: never tune a security threshold on them alone.
"""

from menshen.actors.people import Actor, cast
from menshen.actors.renderer import render
from menshen.actors.scene import Pose, Scene

__all__ = ["Actor", "Pose", "Scene", "cast", "render"]
