package syntax

import (
	"math/big"
	"strconv"
	"strings"
)

// match checks the patterns of a match statement.
func (c *checker) match(n NodeID) {
	f := c.f
	for k := range f.Children(n) {
		if f.Kind(k) != Case {
			continue
		}
		pattern := f.First(k)
		c.captures(pattern, map[string]bool{})
		c.refutable(pattern, f.Child(k, Guard) != None || f.Next(k) == None)
	}
}

// refutable reports patterns that always match where others follow.
func (c *checker) refutable(n NodeID, allowed bool) {
	f := c.f
	switch f.Kind(n) {
	case PatternWildcard:
		if !allowed {
			c.error(n, "wildcard makes remaining patterns unreachable")
		}
	case PatternCapture:
		if !allowed {
			c.error(n, "name capture '%s' makes remaining patterns unreachable", f.NameText(f.First(n)))
		}
	case PatternAs:
		c.refutable(f.First(n), allowed)
	case PatternOr:
		for alt := range f.Children(n) {
			c.refutable(alt, allowed && f.Next(alt) == None)
		}
	default:
		for ch := range f.Children(n) {
			if k := f.Kind(ch); k >= PatternValue && k <= PatternAs {
				c.refutable(ch, true)
			}
		}
	}
}

// captures collects the names that a pattern binds, and reports those bound
// twice, alternatives that differ, and repeated keys and attributes.
func (c *checker) captures(n NodeID, names map[string]bool) {
	f := c.f
	bind := func(id NodeID) {
		name := f.NameText(id)
		if names[name] {
			c.error(id, "multiple assignments to name '%s' in pattern", name)
		}
		names[name] = true
	}
	switch f.Kind(n) {
	case PatternOr:
		var first map[string]bool
		for alt := range f.Children(n) {
			own := map[string]bool{}
			c.captures(alt, own)
			if first == nil {
				first = own
				continue
			}
			same := len(own) == len(first)
			for name := range own {
				same = same && first[name]
			}
			if !same {
				c.error(n, "alternative patterns bind different names")
				break
			}
		}
		for name := range first {
			if names[name] {
				c.error(n, "multiple assignments to name '%s' in pattern", name)
			}
			names[name] = true
		}
		return
	case PatternClass:
		seen := map[string]bool{}
		for k := range f.Children(n) {
			if f.Kind(k) == PatternKeyword {
				name := f.NameText(f.First(k))
				if seen[name] {
					c.error(k, "attribute name repeated in class pattern: %s", name)
				}
				seen[name] = true
			}
		}
	case PatternMapping:
		seen := map[string]bool{}
		for item := range f.Children(n) {
			if key := f.First(item); f.Kind(item) == PatternItem && f.Kind(key) != Attribute {
				value := f.constant(key)
				if seen[value] {
					c.error(n, "mapping pattern checks duplicate key (%s)", f.Text(key))
				}
				seen[value] = true
			}
		}
	}
	for ch := range f.Children(n) {
		switch k := f.Kind(ch); {
		case k == Ident && f.Kind(n) != PatternKeyword:
			bind(ch)
		case k >= PatternValue && k <= PatternAs:
			c.captures(ch, names)
		}
	}
}

// constant writes the value of a literal such that those that Python holds
// for equal look the same: numbers of any type, True and False among them.
// Strings with escape sequences are compared by their text.
func (f *File) constant(n NodeID) string {
	text := f.Text(n)
	switch d := f.Nodes[n]; d.Kind {
	case Constant:
		switch text {
		case "True":
			return "1"
		case "False":
			return "0"
		}
		return text
	case Number:
		text = strings.ToLower(strings.ReplaceAll(text, "_", ""))
		unit := ""
		if strings.HasSuffix(text, "j") && !strings.HasPrefix(text, "0x") {
			text, unit = text[:len(text)-1], "j"
		}
		value := new(big.Rat)
		if i, ok := smallInt(text); ok {
			value.SetInt(i)
		} else if x, err := strconv.ParseFloat(text, 64); err != nil || value.SetFloat64(x) == nil {
			return text + unit
		}
		if value.Sign() == 0 {
			return "0"
		}
		return value.RatString() + unit
	case UnaryOp:
		if value := f.constant(d.First); value != "0" {
			return "-" + value
		}
		return "0"
	case BinOp:
		left, right := f.constant(d.First), f.constant(f.Next(d.First))
		if right == "0" {
			return left
		}
		return left + f.Text(n)[f.Nodes[d.First].End-d.Start:f.Nodes[f.Next(d.First)].Start-d.Start] + right
	case String:
		prefix := strings.IndexAny(text, "\"'")
		body := text[prefix+1 : len(text)-1]
		if quotes := text[prefix : prefix+1]; len(body) >= 4 && body[:2] == quotes+quotes {
			body = body[2 : len(body)-2]
		}
		if d.Flags&FlagBytes != 0 {
			return "b'" + body
		}
		return "'" + body
	case Strings:
		value := ""
		for c := range f.Children(n) {
			part := f.constant(c)
			if value == "" {
				value = part
			} else {
				value += part[strings.IndexByte(part, '\'')+1:]
			}
		}
		return value
	}
	return text
}

// smallInt reads an integer literal, unless it is so long that reading it
// takes its time.
func smallInt(text string) (*big.Int, bool) {
	if len(text) > maxDigits {
		return nil, false
	}
	return new(big.Int).SetString(text, 0)
}
