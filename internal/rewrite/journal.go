package rewrite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"fastpath/internal/atomicfile"
	"fastpath/internal/regexps"
)

// The journal holds one file a written set of edits, with the bytes before and
// after, and is complete on disk before the first source file changes. What a
// killed process leaves behind can so be told file by file: it is as before or
// as after, because each is replaced by a rename. Processes that write or
// restore take turns: a set that is half written while it is one's turn is one
// of a killed process.
const (
	stateDir   = ".fastpath"
	journalDir = "undo"
	// journalKept is how many sets can be undone one after the other.
	journalKept = 20
)

// journal is the content of one file of the journal.
type journal struct {
	Schema   int           `json:"schema"`
	Complete bool          `json:"complete"` // every file was written
	Files    []journalFile `json:"files"`

	path string
}

type journalFile struct {
	File string `json:"file"` // relative to the project, slashes
	Old  []byte `json:"old"`  // null: the file did not exist
	New  []byte `json:"new"`
}

const journalSchema = 1

// ErrNothingToUndo says that the journal is empty.
var ErrNothingToUndo = errors.New("nothing to undo")

// ChangedError says that a file is no longer what was written, so that
// undoing would lose somebody's work.
type ChangedError struct{ File string }

// Error names the file and says what to do.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("%q changed since it was written; undo it by hand, or restore it all the same with --force", e.File)
}

// Write puts edits on disk below root, with a journal first. When a file cannot
// be written, those written before get their bytes back and nothing has
// changed. A file that is no longer what was planned on is an error.
func Write(root string, e *Edits) error {
	if e.Empty() {
		return nil
	}
	if err := makeJournal(root); err != nil {
		return err
	}
	defer turn(root)()
	j := &journal{Schema: journalSchema}
	for _, f := range e.Files {
		now, err := readIfExists(filepath.Join(root, filepath.FromSlash(f.File)))
		if err != nil {
			return err
		}
		if f.Old == nil && now != nil {
			return fmt.Errorf("%q appeared meanwhile; run the command again", f.File)
		}
		if f.Old != nil && !bytes.Equal(now, f.Old) {
			return fmt.Errorf("%q changed meanwhile; run the command again", f.File)
		}
		j.Files = append(j.Files, journalFile{f.File, now, f.New})
	}
	if err := j.create(root); err != nil {
		return err
	}
	for i, f := range j.Files {
		err := atomicfile.Write(filepath.Join(root, filepath.FromSlash(f.File)), f.New)
		if err == nil {
			continue
		}
		for _, done := range j.Files[:i] {
			if back := done.restore(root); back != nil {
				return fmt.Errorf("%w; and %q could not be restored: %w; the journal %q holds its bytes", err, done.File, back, j.path)
			}
		}
		_ = os.Remove(j.path)
		return err
	}
	j.Complete = true
	return j.save()
}

// makeJournal makes the folder of the journal, which git shall ignore.
func makeJournal(root string) error {
	dir := filepath.Join(root, stateDir)
	if err := os.MkdirAll(filepath.Join(dir, journalDir), 0o777); err != nil {
		return fmt.Errorf("cannot write the journal: %w; make the folder %q writable", err, root)
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, fs.ErrNotExist) {
		return atomicfile.Write(ignore, []byte("*\n"))
	}
	return nil
}

// create writes the journal under the next free number.
func (j *journal) create(root string) error {
	names, err := journals(root)
	if err != nil {
		return err
	}
	next := 1
	if n := len(names); n > 0 {
		if _, err := fmt.Sscanf(filepath.Base(names[n-1]), "%d", &next); err == nil {
			next++
		}
		for _, old := range names[:max(0, n-journalKept+1)] {
			_ = os.Remove(old)
		}
	}
	j.path = filepath.Join(root, stateDir, journalDir, fmt.Sprintf("%06d.json", next))
	return j.save()
}

func (j *journal) save() error {
	data, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.Write(j.path, append(data, '\n'))
}

var journalName = regexps.New(`^\d{6,}\.json$`)

// journals returns the files of the journal, oldest first.
func journals(root string) ([]string, error) {
	dir := filepath.Join(root, stateDir, journalDir)
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	var names []string
	for _, d := range list {
		if journalName().MatchString(d.Name()) {
			names = append(names, filepath.Join(dir, d.Name()))
		}
	}
	sort.Strings(names)
	return names, nil
}

// latest reads the newest journal, nil when there is none.
func latest(root string) (*journal, error) {
	names, err := journals(root)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	path := names[len(names)-1]
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	j := &journal{path: path}
	if err := json.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("the journal %q is damaged: %w; delete it to go on without undo", path, err)
	}
	if j.Schema != journalSchema {
		return nil, fmt.Errorf("the journal %q has the schema %d, this version knows %d; use the version that wrote it, or delete it", path, j.Schema, journalSchema)
	}
	for _, f := range j.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.File)) {
			return nil, fmt.Errorf("the journal %q names %q, which is outside of the project; delete it", path, f.File)
		}
	}
	return j, nil
}

// Recover finishes what a killed Write left half done: the files get the bytes
// back that they had before. It returns those that it restored; without a half
// written set it does nothing.
func Recover(root string) ([]string, error) {
	defer turn(root)()
	j, err := latest(root)
	if err != nil || j == nil || j.Complete {
		return nil, err
	}
	return j.undo(root, false)
}

// Undo gives the files of the last written set their bytes back and returns
// them. A file that changed since is a *ChangedError and nothing is restored,
// unless force is set. Calling it again undoes the set before.
func Undo(root string, force bool) ([]string, error) {
	defer turn(root)()
	j, err := latest(root)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return nil, ErrNothingToUndo
	}
	return j.undo(root, force)
}

func (j *journal) undo(root string, force bool) ([]string, error) {
	var todo []journalFile
	for _, f := range j.Files {
		now, err := readIfExists(filepath.Join(root, filepath.FromSlash(f.File)))
		if err != nil {
			return nil, err
		}
		switch {
		case sameContent(now, f.Old):
			continue
		case !sameContent(now, f.New) && !force:
			return nil, &ChangedError{f.File}
		}
		todo = append(todo, f)
	}
	var restored []string
	for _, f := range todo {
		if err := f.restore(root); err != nil {
			return restored, err
		}
		restored = append(restored, f.File)
	}
	for _, f := range j.Files {
		atomicfile.RemoveLeftovers(filepath.Join(root, filepath.FromSlash(f.File)))
	}
	if err := os.Remove(j.path); err != nil {
		return restored, fmt.Errorf("the files are restored, but the journal could not be removed: %w", err)
	}
	return restored, nil
}

// sameContent compares contents; nil is a file that does not exist.
func sameContent(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func (f *journalFile) restore(root string) error {
	path := filepath.Join(root, filepath.FromSlash(f.File))
	if f.Old != nil {
		return atomicfile.Write(path, f.Old)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %q: %w", path, err)
	}
	return nil
}

// readIfExists returns the bytes of a file, never nil for one that exists.
func readIfExists(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case data == nil:
		return []byte{}, nil
	}
	return data, nil
}

// Interrupted reports whether a killed Write left files for Recover.
func Interrupted(root string) (bool, error) {
	defer turn(root)()
	j, err := latest(root)
	return j != nil && !j.Complete, err
}
