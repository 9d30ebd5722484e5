import tricks.extra, tricks.shadowed, tricks.plain, tricks.alias, tricks.none
