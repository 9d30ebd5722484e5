import boxed.lid, boxed.none
