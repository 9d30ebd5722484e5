package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/project"
	"fastpath/internal/usage"
)

// loadEvents reads the sample events of a handler and their weights: files and
// trafficFile are what the command line names, relative to the working
// directory. Where it names no traffic file the configuration's is taken, and
// where there is none of all these, what the folder "events" beside the handler
// holds, or the project's. Mistakes in these files end with exit code 2.
func (a *app) loadEvents(p *project.Project, e project.Entry, files []string, trafficFile string) (*usage.Traffic, error) {
	paths, err := a.eventArguments(files)
	if err != nil {
		return nil, err
	}
	inProject := func(file string) string { return filepath.Join(p.Root, filepath.FromSlash(file)) }
	switch configured := p.Config.Entry[e.Name].Traffic; {
	case trafficFile != "":
		trafficFile = a.path(trafficFile)
	case configured != "":
		trafficFile = inProject(configured)
	case len(paths) == 0:
		found, weights := eventFiles(p, e)
		if weights != "" {
			trafficFile = inProject(weights)
			break
		}
		for _, f := range found {
			paths = append(paths, inProject(f))
		}
		if len(paths) == 0 {
			return nil, usageErrorf("no events for %q: name them with --event FILE.json, or write a traffic file and set traffic = \"events/traffic.toml\" in [tool.fastpath.entry.%q]",
				e.Name, e.Name)
		}
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

// eventArguments makes the values of --event files: a folder is the JSON files
// in it, and a pattern that the shell left alone is what it matches.
func (a *app) eventArguments(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		path := a.path(arg)
		pattern := ""
		switch info, err := os.Stat(path); {
		case err == nil && info.IsDir():
			pattern = filepath.Join(path, "*.json")
		case err != nil && strings.ContainsAny(arg, "*?["):
			pattern = path
		default:
			files = append(files, path)
			continue
		}
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return nil, usageErrorf("--event %s: there are no such event files", arg)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// eventsAmong tells the entries among arguments from the event files:
// "--event events/*.json", expanded by the shell, is one flag and arguments.
func eventsAmong(args []string) (entries, events []string) {
	for _, arg := range args {
		if strings.HasSuffix(arg, ".json") {
			events = append(events, arg)
		} else {
			entries = append(entries, arg)
		}
	}
	return entries, events
}
