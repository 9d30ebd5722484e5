import abacus.frame
