package config

import (
	"os"
	"path/filepath"
)

// EventWeights is the content of a traffic file: how often the sample events
// of an entry come.
//
//	requests = 1000        # requests a day that the weights stand for together
//	[weights]              # event file without ".json" = relative weight
//	get-object = 42
type EventWeights struct {
	Requests float64 // 0: it does not say; the weights only tell shares
	Weights  []EventWeight
}

// EventWeight is the weight of one event, 0 or more.
type EventWeight struct {
	Event  string // name of the event's file without ".json"
	Weight float64
	Line   int // 1-based, where it stands
}

// most is more than anybody has of anything, and less than what a lock can hold
// when it is added up.
const most = 1e12

// LoadWeights reads the traffic file at path. Mistakes are *Error values,
// joined when there are several, whose File is name.
func LoadWeights(path, name string) (*EventWeights, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := parse(name, withoutBOM(data))
	if err != nil {
		return nil, err
	}
	w := &EventWeights{}
	d := &decoder{doc: doc}
	d.table(doc.root, "",
		field{"requests", func(v *value) {
			if d.positive(&w.Requests)(v); w.Requests > most {
				d.fail(v.pos, "%s is out of range; allowed: a number above 0 and up to 1e12", v.text)
			}
		}},
		field{"weights", func(v *value) {
			if v.kind != kindTable {
				d.fail(v.pos, "%s is %s, it must be a table of event = weight", d.title("weights"), v.kind)
				return
			}
			for _, e := range v.keys {
				weight := EventWeight{Event: e.name, Line: doc.errorAt(e.pos, "").Line}
				if e.val.kind == kindTable {
					d.fail(e.pos, "%q has a dot; write the name of the event in quotes", e.name)
					continue
				}
				n, ok := d.number(e.val, "a weight, a number from 0")
				if ok && (n < 0 || n > most) {
					d.fail(e.val.pos, "%s is out of range; allowed: a number from 0 to 1e12", e.val.text)
				}
				weight.Weight = n
				w.Weights = append(w.Weights, weight)
			}
		}})
	if err := d.err(); err != nil {
		return nil, err
	}
	sum := 0.0
	for _, e := range w.Weights {
		sum += e.Weight
	}
	if sum == 0 {
		return nil, doc.errorAt(0, "%s gives no event a weight above 0; write [weights] with a line an event, such as %q",
			filepath.Base(name), "get-object = 42")
	}
	return w, nil
}
