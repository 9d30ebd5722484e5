package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fastpath/internal/check"
	"fastpath/internal/doctor"
)

// lmmsDocuments are the founding documents, by their headings in docs/lmms.md,
// with the number of their lines.
var lmmsDocuments = []struct {
	heading, file string
	lines         int
}{
	{"## LMMS-DEC-02", "LMMS-DEC-02-hot-path-exceptions.md", 226},
	{"## LMMS-DEC-04", "LMMS-DEC-04-fast-path-file.md", 254},
}

var (
	lmmsRow       = regexp.MustCompile(`(?m)^\| (\d+)(?:–(\d+))? \| (.+?) \| (.*) \| (.*) \|$`)
	lmmsReference = regexp.MustCompile("`[^`]+`|FP[0-9]{3}")
)

// Every sentence of both documents is mapped, once and in order, and whatever
// the map names is there. FASTPATH_DOCUMENTS names the folder with the
// documents: then the sentences are compared with theirs.
func TestLMMS(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "lmms.md"))
	if err != nil {
		t.Fatal(err)
	}
	exists := lmmsReferences(t)
	for _, doc := range lmmsDocuments {
		_, text, found := strings.Cut(string(data), doc.heading)
		text, _, _ = strings.Cut(text, "\n## ")
		if !found {
			t.Fatalf("docs/lmms.md has no %q", doc.heading)
		}
		var original []string
		if dir := os.Getenv("FASTPATH_DOCUMENTS"); dir != "" {
			text, err := os.ReadFile(filepath.Join(dir, doc.file))
			if err != nil {
				t.Fatal(err)
			}
			if original = strings.Split(strings.TrimRight(string(text), "\n"), "\n"); len(original) != doc.lines {
				t.Errorf("%s has %d lines, not %d", doc.file, len(original), doc.lines)
			}
		}
		next := 1
		for _, row := range lmmsRow.FindAllStringSubmatch(text, -1) {
			from, _ := strconv.Atoi(row[1])
			to := from
			if row[2] != "" {
				to, _ = strconv.Atoi(row[2])
			}
			if from != next || to < from {
				t.Errorf("%s: the row of lines %d to %d follows line %d", doc.heading, from, to, next-1)
			}
			next = to + 1
			if original != nil && !strings.Contains(plainText(strings.Join(original[from-1:to], "\n")), plainText(row[3])) {
				t.Errorf("%s:%d–%d does not say %q", doc.file, from, to, row[3])
			}
			references := lmmsReference.FindAllString(row[5], -1)
			if len(references) == 0 {
				t.Errorf("%s: nothing does lines %d to %d", doc.heading, from, to)
			}
		}
		if next != doc.lines+1 {
			t.Errorf("%s: the map ends at line %d of %d", doc.heading, next-1, doc.lines)
		}
	}
	// The last column of every table is what does it.
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) < 3 || !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| prose") {
			continue
		}
		for _, ref := range lmmsReference.FindAllString(cells[len(cells)-1], -1) {
			if ref = strings.Trim(ref, "`"); !exists(ref) {
				t.Errorf("%q is named by docs/lmms.md and does not exist; line: %s", ref, line)
			}
		}
	}
}

func plainText(s string) string { return strings.NewReplacer("**", "", "`", "").Replace(s) }

// lmmsReferences returns what tells whether a command with its flags, a rule, a
// test, or a file of the repository exists. Settings and text are not looked at.
func lmmsReferences(t *testing.T) func(ref string) bool {
	root := filepath.Join("..", "..")
	var tests []string
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		data, err := os.ReadFile(file)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(data), -1) {
			tests = append(tests, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	commands := (&app{}).rootCommand()
	return func(ref string) bool {
		switch {
		case strings.HasPrefix(ref, "FP"):
			for _, r := range slices.Concat(check.Rules(), doctor.Rules()) {
				if r.ID == ref {
					return true
				}
			}
			return false
		case strings.HasPrefix(ref, "Test"):
			return slices.Contains(tests, ref)
		case strings.HasPrefix(ref, "fastpath "):
			words := strings.Fields(ref)[1:]
			cmd, rest, err := commands.Find(words)
			if err != nil || cmd == commands {
				return false
			}
			for _, w := range rest {
				if name, ok := strings.CutPrefix(w, "--"); ok && cmd.Flags().Lookup(name) == nil {
					return false
				}
			}
			return true
		case strings.HasPrefix(ref, "docs/"), strings.HasPrefix(ref, "testdata/"), strings.HasPrefix(ref, "internal/"):
			_, err := os.Stat(filepath.Join(root, filepath.FromSlash(ref)))
			return err == nil
		}
		return true
	}
}
