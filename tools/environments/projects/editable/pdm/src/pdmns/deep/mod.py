import pdmns.deep.mod
