package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"fastpath/internal/config"
	"fastpath/internal/project"
	"fastpath/internal/usage"
)

// loadEvents reads the sample events of a handler and their weights: files and
// trafficFile are what the command line names, relative to the working
// directory; without a traffic file the configuration's is taken. Mistakes in
// these files end with exit code 2.
func (a *app) loadEvents(p *project.Project, e project.Entry, files []string, trafficFile string) (*usage.Traffic, error) {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = a.path(f)
	}
	switch configured := p.Config.Entry[e.Name].Traffic; {
	case trafficFile != "":
		trafficFile = a.path(trafficFile)
	case configured != "":
		trafficFile = filepath.Join(p.Root, filepath.FromSlash(configured))
	case len(files) == 0:
		return nil, usageErrorf("no events for %q: name them with --event FILE.json, or write a traffic file and set traffic = \"events/traffic.toml\" in [tool.fastpath.entry.%q]",
			e.Name, e.Name)
	}
	t, err := usage.LoadEvents(paths, trafficFile)
	if err != nil {
		var event *usage.EventError
		var mistake *config.Error
		if errors.As(err, &event) || errors.As(err, &mistake) {
			return nil, &exitError{ExitUsage, err}
		}
		return nil, err
	}
	for _, name := range t.Unweighted {
		a.step("%s", fmt.Sprintf("warning: the traffic file gives event %q no weight; it counts 0", name))
	}
	return t, nil
}
