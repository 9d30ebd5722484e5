import mesonshop.x, mesonshop.none
