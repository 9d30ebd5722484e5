package ingest

import (
	"fmt"
	"slices"
	"strings"
)

// roles are what a field of a JSON log can be: the text that may say "Module
// used: NAME", the name of a module by itself, the request's id, its workflow,
// the time, and the name of the function.
var roles = []string{"message", "module", "request", "workflow", "time", "function"}

// fields are the names that a user gives to what we look for, by role: paths
// of keys.
type fields struct {
	message, module, request, workflow, time, function []string

	any     bool
	needles []string // without one of them a line says nothing
}

// FieldError says that a field is not ROLE=NAME.
type FieldError struct{ Field string }

// Error says what is allowed.
func (e *FieldError) Error() string {
	return fmt.Sprintf("the field %q; expected ROLE=NAME, where ROLE is one of %s and NAME the key in the log, with dots for keys within keys", e.Field, strings.Join(roles, ", "))
}

// parseFields reads ROLE=NAME pairs; a name with dots is a path.
func parseFields(pairs []string) (*fields, error) {
	f := &fields{}
	for _, pair := range pairs {
		role, name, ok := strings.Cut(pair, "=")
		path := strings.Split(name, ".")
		if !ok || !slices.Contains(roles, role) || slices.Contains(path, "") {
			return nil, &FieldError{pair}
		}
		f.any = true
		switch role {
		case "message":
			f.message = path
		case "module":
			f.module = path
			f.needles = append(f.needles, `"`+path[len(path)-1]+`"`)
		case "request":
			f.request = path
		case "workflow":
			f.workflow = path
		case "time":
			f.time = path
		case "function":
			f.function = path
		}
	}
	return f, nil
}

// of fills in what the user's names say about an object.
func (f *fields) of(r *record, v value) {
	for _, x := range []struct {
		path []string
		to   *slot
	}{{f.message, &r.message}, {f.module, &r.module}, {f.request, &r.request}, {f.workflow, &r.workflow}, {f.time, &r.time}, {f.function, &r.function}} {
		if len(x.path) > 0 {
			*x.to = slot{}
			x.to.set(v.get(x.path...), 0)
		}
	}
}
