import balance.scale
