import compass.needle, compass.none
