package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func loadWeights(t *testing.T, text string) (*EventWeights, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traffic.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return LoadWeights(path, "events/traffic.toml")
}

func TestLoadWeights(t *testing.T) {
	got, err := loadWeights(t, "\ufeffrequests = 1_000\n[weights]\nget-object = 42 # most\n\"a.b\" = 0.5\nnone = 0\n")
	want := &EventWeights{Requests: 1000, Weights: []EventWeight{{"get-object", 42, 3}, {"a.b", 0.5, 4}, {"none", 0, 5}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestLoadWeightsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                `events/traffic.toml:1:1: traffic.toml gives no event a weight above 0`,
		"[weights]\na = 0\n":              `gives no event a weight above 0`,
		"[weight]\na = 1\n":               `events/traffic.toml:1:2: unknown key "weight" in events/traffic.toml, did you mean "weights"? allowed: requests, weights`,
		"requests = 0\n[weights]\na=1":    `events/traffic.toml:1:12: 0 is out of range; allowed: a number above 0`,
		"[weights]\na = \"x\"\nb = -1":    `events/traffic.toml:2:5: found the string "x", expected a weight, a number from 0` + "\n" + `events/traffic.toml:3:5: -1 is out of range`,
		"requests = 1e18\n[weights]\na=1": `events/traffic.toml:1:12: 1e18 is out of range; allowed: a number above 0 and up to 1e12`,
		"[weights]\na = 1e300":            `events/traffic.toml:2:5: 1e300 is out of range; allowed: a number from 0 to 1e12`,
		"[weights]\na.b = 1":              `events/traffic.toml:2:1: "a" has a dot; write the name of the event in quotes`,
		"weights = 3":                     `[weights] is an integer, it must be a table of event = weight`,
		"[weights]\na = 1\na = 2":         `events/traffic.toml:3:1: invalid TOML: `,
		"[weights\n":                      `events/traffic.toml:1:`,
	} {
		_, err := loadWeights(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := LoadWeights(filepath.Join(t.TempDir(), "none"), "none"); !os.IsNotExist(err) {
		t.Error(err)
	}
}
