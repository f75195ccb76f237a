"""The actions a person may be asked for: the table, and what it is made of."""

from menshen.liveness.actions.dot import Dot, Look, following, follows
from menshen.liveness.actions.movements import MOVEMENTS, Movement
from menshen.liveness.actions.table import ACTIONS, Action

__all__ = ["ACTIONS", "MOVEMENTS", "Action", "Dot", "Look", "Movement", "following", "follows"]
