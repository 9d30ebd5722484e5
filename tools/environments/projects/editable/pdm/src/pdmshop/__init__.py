import pdmshop.x
