package launch

import (
	"fmt"
	"path/filepath"
	"strings"

	"fastpath/internal/regexps"
)

// installed matches files that belong to an interpreter or an environment.
var installed = regexps.New(`/(site-packages|dist-packages|lib(64)?/python3[.\d]*)/`)

// TrimTraceback returns a Python traceback with the frames of the files below
// roots (absolute folders, virtual environments in them excepted), their
// paths relative to the first root, and the exception. Other frames are
// counted: "... 12 frames outside the project". Text that is no traceback
// stays as it is.
func TrimTraceback(text string, roots []string) string {
	var out []string
	skipped := 0
	flush := func() {
		switch {
		case skipped == 1:
			out = append(out, "  ... 1 frame outside the project")
		case skipped > 1:
			out = append(out, fmt.Sprintf("  ... %d frames outside the project", skipped))
		}
		skipped = 0
	}
	inFrame, keep := false, true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		file, rest, isFrame := frameLine(line)
		switch {
		case isFrame:
			inFrame = true
			rel, own := userFile(file, roots)
			if keep = own; !own {
				if !strings.HasPrefix(file, "<") { // the import system, and fastpath itself
					skipped++
				}
				continue
			}
			flush()
			out = append(out, `  File "`+rel+`"`+rest)
		case inFrame && strings.HasPrefix(line, "    "), inFrame && strings.HasPrefix(line, "  [Previous line repeated"):
			if keep {
				out = append(out, line)
			}
		default:
			inFrame = false
			flush()
			out = append(out, line)
		}
	}
	flush()
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}

// frameLine splits `  File "a.py", line 3, in f` into the file and the rest.
func frameLine(line string) (file, rest string, ok bool) {
	after, ok := strings.CutPrefix(line, `  File "`)
	if !ok {
		return "", "", false
	}
	return strings.Cut(after, `"`)
}

// userFile returns file relative to the first root, and whether it is the
// user's own.
func userFile(file string, roots []string) (string, bool) {
	if installed().MatchString(filepath.ToSlash(file)) {
		return "", false
	}
	for _, root := range roots {
		if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) {
			if first, err := filepath.Rel(roots[0], file); err == nil && filepath.IsLocal(first) {
				rel = first
			}
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}
