"""The defects that the simulation of several workers finds."""

from typing import Final

from tests.simulation.defects.planting import Defects

DEFECTS: Final = Defects()
