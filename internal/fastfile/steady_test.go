package fastfile

import "testing"

// TestSteady holds that figures within the noise of a new profile leave the
// file as it is, and that those beyond it do not.
func TestSteady(t *testing.T) {
	content := func(ms, kept, total float64, names ...string) Content {
		c := Content{Thresholds: DefaultThresholds, Doc: Doc{Present: true, Total: true, TotalMS: total}}
		for _, n := range names {
			c.Imports = append(c.Imports, Import{Tier: Light, Names: []ImportName{{Name: n}}, Measured: true, MS: ms})
		}
		c.Kept = []Kept{{Module: "yaml", Measured: true, MS: kept}}
		return c
	}
	old := content(3.6, 19, 27, "json", "gateway")
	for _, c := range []struct {
		name                  string
		got                   Content
		wantMS, kept, wantSum float64
	}{
		{"noise", content(3.0, 22, 26, "json", "gateway"), 3.6, 19, 27},
		{"moved", content(6.0, 40, 60, "json", "gateway"), 6.0, 40, 60},
		{"another set", content(3.0, 22, 26, "json", "gateway", "yaml"), 3.6, 19, 26},
	} {
		steady(&old, &c.got)
		if ms := c.got.Imports[0].MS; ms != c.wantMS {
			t.Errorf("%s: import %v ms, want %v", c.name, ms, c.wantMS)
		}
		if ms := c.got.Kept[0].MS; ms != c.kept {
			t.Errorf("%s: kept %v ms, want %v", c.name, ms, c.kept)
		}
		if ms := c.got.Doc.TotalMS; ms != c.wantSum {
			t.Errorf("%s: total %v ms, want %v", c.name, ms, c.wantSum)
		}
	}
	exception := Content{Thresholds: DefaultThresholds, Imports: []Import{{Tier: Exception, Names: []ImportName{{Name: "json"}}, Measured: true, MS: 12}}}
	light := content(9, 19, 27, "json")
	steady(&exception, &light)
	if light.Imports[0].MS != 9 {
		t.Error("an import of another tier keeps the figure of the old one, which contradicts its section")
	}
}
