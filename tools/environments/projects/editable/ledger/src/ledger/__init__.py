from . import book
import ledger.book as b
