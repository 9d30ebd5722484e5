package config

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

// header is a table header of a TOML file.
type header struct {
	line  int // offset of the start of its line
	keys  []string
	array bool
}

// tableHeaders returns the headers of a valid TOML file in order.
func tableHeaders(data []byte) []header {
	var hs []header
	p := &unstable.Parser{}
	p.Reset(data)
	for p.NextExpression() {
		n := p.Expression()
		if n.Kind != unstable.Table && n.Kind != unstable.ArrayTable {
			continue
		}
		h := header{array: n.Kind == unstable.ArrayTable}
		for keys := n.Key(); keys.Next(); {
			if len(h.keys) == 0 {
				h.line = bytes.LastIndexByte(data[:keys.Node().Raw.Offset], '\n') + 1
			}
			h.keys = append(h.keys, string(keys.Node().Data))
		}
		hs = append(hs, h)
	}
	return hs
}

// commentBlock returns the start of the comment lines directly above line.
func commentBlock(data []byte, line int) int {
	for line > 0 {
		start := bytes.LastIndexByte(data[:line-1], '\n') + 1
		if !bytes.HasPrefix(bytes.TrimLeft(data[start:line], " \t"), []byte("#")) {
			break
		}
		line = start
	}
	return line
}
