"""Where model packs live: fetching, side-loading, verifying, choosing.

:class:`~menshen.platform.packs.store.PackStore` is the way in.
"""

from menshen.platform.packs.store import PackStore

__all__ = ["PackStore"]
