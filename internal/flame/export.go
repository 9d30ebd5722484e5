package flame

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// SpeedscopeSchema is the "$schema" by which speedscope knows its files.
const SpeedscopeSchema = "https://www.speedscope.app/file-format-schema.json"

// The parts of a speedscope file that we write, by the types of
// file-format-spec.ts in speedscope's repository.
type (
	speedscopeFile struct {
		Schema   string              `json:"$schema"`
		Name     string              `json:"name"`
		Exporter string              `json:"exporter"`
		Active   int                 `json:"activeProfileIndex"`
		Shared   speedscopeShared    `json:"shared"`
		Profiles []speedscopeProfile `json:"profiles"`
	}
	speedscopeShared struct {
		Frames []speedscopeFrame `json:"frames"`
	}
	speedscopeFrame struct {
		Name string `json:"name"`
		File string `json:"file,omitempty"`
	}
	speedscopeProfile struct {
		Type   string            `json:"type"`
		Name   string            `json:"name"`
		Unit   string            `json:"unit"`
		Start  int64             `json:"startValue"`
		End    int64             `json:"endValue"`
		Events []speedscopeEvent `json:"events"`
	}
	speedscopeEvent struct {
		Type  string `json:"type"` // "O" opens a frame, "C" closes it
		At    int64  `json:"at"`
		Frame int    `json:"frame"`
	}
)

// Speedscope writes profiles as one file for https://www.speedscope.app: an
// evented profile each, in microseconds. A frame's own time follows its
// children, so in the order of time a module ends where its body did; name is
// shown as the title, exporter says which program wrote it.
func Speedscope(w io.Writer, profiles []*Profile, name, exporter string) error {
	out := speedscopeFile{Schema: SpeedscopeSchema, Name: name, Exporter: exporter, Shared: speedscopeShared{Frames: []speedscopeFrame{}}}
	index := map[speedscopeFrame]int{}
	frame := func(f *Frame) int {
		key := speedscopeFrame{f.Name, f.File}
		i, ok := index[key]
		if !ok {
			i = len(out.Shared.Frames)
			index[key] = i
			out.Shared.Frames = append(out.Shared.Frames, key)
		}
		return i
	}
	for _, p := range profiles {
		var c clock
		sp := speedscopeProfile{Type: "evented", Name: p.Name, Unit: "microseconds", Events: []speedscopeEvent{}}
		p.walk(func(stack []*Frame) {
			sp.Events = append(sp.Events, speedscopeEvent{"O", c.now(), frame(stack[len(stack)-1])})
		}, func(stack []*Frame) {
			f := stack[len(stack)-1]
			c.advance(f.SelfMS)
			sp.Events = append(sp.Events, speedscopeEvent{"C", c.now(), frame(f)})
		})
		sp.End = c.now()
		out.Profiles = append(out.Profiles, sp)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// Folded writes profiles as folded stacks, a line for each frame with time of
// its own: "entry;outer;inner 1234", in microseconds. The first frame is the
// profile. flamegraph.pl, inferno, speedscope and pprof tools read it.
func Folded(w io.Writer, profiles []*Profile) error {
	b := bufio.NewWriter(w)
	for _, p := range profiles {
		var c clock
		p.walk(nil, func(stack []*Frame) {
			us := c.advance(stack[len(stack)-1].SelfMS)
			if us == 0 {
				return
			}
			b.WriteString(foldedName(p.Name))
			for _, f := range stack {
				b.WriteByte(';')
				b.WriteString(foldedName(f.Name))
			}
			fmt.Fprintf(b, " %d\n", us)
		})
	}
	return b.Flush()
}

// foldedName keeps the signs of the format out of a name.
func foldedName(name string) string {
	return strings.NewReplacer(";", ":", "\n", " ", "\r", " ").Replace(name)
}

// importtimeHeader is the first line that "python -X importtime" prints.
const importtimeHeader = "import time: self [us] | cumulative | imported package\n"

// Importtime writes a profile as "python -X importtime" does: modules after
// what they load, two blanks for each level. What is no module is left out, as
// the format has no place for it.
func Importtime(w io.Writer, p *Profile) error {
	b := bufio.NewWriter(w)
	b.WriteString(importtimeHeader)
	var c clock
	var write func(f *Frame, level int) int64
	write = func(f *Frame, level int) int64 {
		if !f.Module {
			return 0
		}
		total := int64(0)
		for _, child := range f.Children {
			total += write(child, level+1)
		}
		self := c.advance(f.SelfMS)
		total += self
		fmt.Fprintf(b, "import time: %9d | %10d | %s%s\n", self, total, strings.Repeat("  ", level), f.Name)
		return total
	}
	for _, f := range p.Roots {
		write(f, 0)
	}
	return b.Flush()
}
