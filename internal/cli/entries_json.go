package cli

import (
	"bytes"
	"encoding/json"
)

// printEntries prints the results of a command that works entry by entry: the
// keys of a single entry stand at the top, those of several in "entries". Each
// result is a struct.
func printEntries[T any](a *app, command, projectRoot string, results []T) error {
	env := a.envelopeFor(command, projectRoot)
	if len(results) != 1 {
		return a.printJSON(struct {
			envelope
			Entries []T `json:"entries"`
		}{env, results})
	}
	head, err := plainJSON(env)
	if err != nil {
		return err
	}
	body, err := plainJSON(results[0])
	if err != nil {
		return err
	}
	one := append(bytes.TrimSuffix(head, []byte("}")), ',')
	return a.printJSON(json.RawMessage(append(one, bytes.TrimPrefix(body, []byte("{"))...)))
}

// plainJSON writes v on one line, without escaping HTML.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
