import looseparts.screw
