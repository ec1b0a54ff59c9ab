"""How many objects of some types are alive, for tests of what is left over."""

import gc
from collections import Counter
from collections.abc import Collection


def count_instances(types: Collection[type]) -> Counter[str]:
    """Count the objects of exactly these types, by the type's name, after what is garbage is gone."""
    gc.collect()
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each) in types)
