import skbshop.x, skbshop.sub.y, skbshop.none
