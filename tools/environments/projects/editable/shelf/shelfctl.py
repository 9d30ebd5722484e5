import shelf.racks.steel
import depot.yard, depot.parts.bolts.m8, depot.parts.none
