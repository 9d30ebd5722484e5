import abacus.beads.wood
import abacus.beads.none
