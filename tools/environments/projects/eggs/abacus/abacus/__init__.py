from abacus import frame
from .beads import wood
