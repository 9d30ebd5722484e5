import computed.found, computed.plain
