package recorder

import _ "embed"

// Source is the production recorder, fastpath_recorder.py.
//
//go:embed fastpath_recorder.py
var Source string

// DefaultEvery is the sampling rate that tables name unless told otherwise.
const DefaultEvery = 100

// TableVersion is the version of the table's form; the recorder reads no other.
const TableVersion = 1
