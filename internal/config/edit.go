package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/atomicfile"
)

// EntrySetting is one key of [tool.fastpath.entry."NAME"] to be written.
type EntrySetting struct{ Entry, Key, Value string }

// Change is an edit of a configuration file that is not written yet.
type Change struct {
	File          string // relative to the project
	Before, After []byte // Before is nil for a new file
	path          string
}

// Changed reports whether there is anything to write.
func (c *Change) Changed() bool { return !bytes.Equal(c.Before, c.After) || c.Before == nil }

// Write replaces the file atomically; without a change it does nothing.
func (c *Change) Write() error {
	if !c.Changed() {
		return nil
	}
	return atomicfile.Write(c.path, c.After)
}

// Edit computes the change that writes entries, python (unless empty) and
// settings of single entries into the configuration of the project at root, in
// the file that has it: fastpath.toml, else pyproject.toml, else a new
// fastpath.toml. Entries that are missing are added; keys that have a value keep
// it, and so do the user's comments, order and line endings.
func Edit(root string, entries []string, python string, extra ...EntrySetting) (*Change, error) {
	if _, err := Load(root); err != nil {
		return nil, err
	}
	for _, name := range []string{OwnFile, PyprojectFile} {
		path := filepath.Join(root, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		body := withoutBOM(data)
		after, err := editDocument(body, name, entries, python, extra)
		if err != nil {
			return nil, err
		}
		bom := data[:len(data)-len(body)]
		return &Change{name, data, slices.Concat(bom, after), path}, nil
	}
	after, err := editDocument(nil, OwnFile, entries, python, extra)
	if err != nil {
		return nil, err
	}
	return &Change{OwnFile, nil, after, filepath.Join(root, OwnFile)}, nil
}

// editor collects insertions into a document.
type editor struct {
	doc     *document
	newline string
	prefix  string // "tool.fastpath." or ""
	inserts []insert
}

type insert struct {
	pos  int
	text string
}

// editDocument returns data with the settings in it. The result is parsed
// again: what cannot be edited safely is an error that says what to write.
func editDocument(data []byte, file string, entries []string, python string, extra []EntrySetting) ([]byte, error) {
	doc, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	ed := &editor{doc: doc, newline: "\n"}
	if i := bytes.IndexByte(data, '\n'); i > 0 && data[i-1] == '\r' {
		ed.newline = "\r\n"
	}
	table := doc.root
	if file == PyprojectFile {
		ed.prefix = "tool.fastpath."
		table = doc.root.get("tool").get("fastpath")
	}
	ed.main(table, entries, python)
	for _, s := range extra {
		if table.get("entry").get(s.Entry).get(s.Key) == nil {
			ed.setting(table, s, extra)
		}
	}
	after := ed.apply()
	if err := verify(after, file, entries, python, extra); err != nil {
		return nil, fmt.Errorf("cannot edit %q: it is written in a form that cannot be changed safely; add these lines yourself: entries = %s",
			file, array(entries, "\n", false))
	}
	return after, nil
}

// verify checks that an edited document says what it should.
func verify(after []byte, file string, entries []string, python string, extra []EntrySetting) error {
	doc, err := parse(file, after)
	if err != nil {
		return err
	}
	table, prefix := doc.root, ""
	if file == PyprojectFile {
		table, prefix = doc.root.get("tool").get("fastpath"), "tool.fastpath"
	}
	if table == nil {
		if len(entries) == 0 && python == "" && len(extra) == 0 {
			return nil
		}
		return errors.New("no table")
	}
	c, err := decode(doc, table, prefix)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains(c.Entries, e) {
			return fmt.Errorf("no entry %q", e)
		}
	}
	for _, s := range extra {
		if table.get("entry").get(s.Entry).get(s.Key) == nil {
			return fmt.Errorf("no %s of %q", s.Key, s.Entry)
		}
	}
	if python != "" && c.Python == "" {
		return errors.New("no python")
	}
	return nil
}

// main sets the keys of the table itself.
func (ed *editor) main(table *value, entries []string, python string) {
	var lines strings.Builder
	if list := table.get("entries"); list != nil {
		ed.extend(list, entries)
	} else if len(entries) > 0 {
		lines.WriteString("entries = " + array(entries, ed.newline, len(entries) > 1) + ed.newline)
	}
	if python != "" && table.get("python") == nil {
		lines.WriteString("python = " + quote(python) + ed.newline)
	}
	if lines.Len() == 0 {
		return
	}
	if ed.prefix == "" { // the top of fastpath.toml: after the comments that open it
		pos := ed.firstHeader()
		text := lines.String()
		if pos < len(ed.doc.data) {
			text += ed.newline
		}
		ed.insert(pos, text)
		return
	}
	if pos, ok := ed.afterHeader("tool", "fastpath"); ok {
		ed.insert(pos, lines.String())
		return
	}
	head := "[tool.fastpath]" + ed.newline
	if table != nil { // only sub-tables are there: stand before the first
		if pos, ok := ed.lineOfHeader("tool", "fastpath"); ok {
			ed.insert(pos, head+lines.String()+ed.newline)
			return
		}
	}
	ed.append(head + lines.String())
}

// setting adds a key of one entry's table; a table that does not exist yet is
// made with all its keys when the first of them comes along.
func (ed *editor) setting(table *value, s EntrySetting, all []EntrySetting) {
	line := s.Key + " = " + quote(s.Value) + ed.newline
	path := append(strings.Split(strings.TrimSuffix(ed.prefix, "."), "."), "entry", s.Entry)
	if ed.prefix == "" {
		path = path[1:]
	}
	if pos, ok := ed.afterHeader(path...); ok {
		ed.insert(pos, line)
		return
	}
	var lines strings.Builder
	for _, other := range all {
		if other.Entry != s.Entry {
			continue
		}
		if lines.Len() == 0 && other != s {
			return // written with an earlier key
		}
		lines.WriteString(other.Key + " = " + quote(other.Value) + ed.newline)
	}
	ed.append("[" + ed.prefix + "entry." + quote(s.Entry) + "]" + ed.newline + lines.String())
}

// extend adds what is missing to an array that is there.
func (ed *editor) extend(list *value, entries []string) {
	var missing []string
	for _, e := range entries {
		if !slices.ContainsFunc(list.items, func(v *value) bool { return v.text == e }) {
			missing = append(missing, quote(e))
		}
	}
	if len(missing) == 0 || list.kind != kindArray {
		return
	}
	if len(list.items) == 0 {
		ed.insert(list.pos+1, strings.Join(missing, ", "))
		return
	}
	data := ed.doc.data
	last := list.items[len(list.items)-1]
	end := last.pos + rawString(data[last.pos:])
	lineStart := bytes.LastIndexByte(data[:last.pos], '\n') + 1
	indent := string(data[lineStart:last.pos])
	after := end + len(data[end:]) - len(bytes.TrimLeft(data[end:], " \t"))
	comma := after < len(data) && data[after] == ','
	if comma {
		after++
	}
	eol := after + bytes.IndexByte(data[after:], '\n')
	rest := bytes.TrimSpace(data[after:max(eol, after)])
	oneALine := lineStart > list.pos && strings.TrimSpace(indent) == ""
	if !oneALine || eol < after || len(rest) > 0 && rest[0] != '#' {
		ed.insert(end, ", "+strings.Join(missing, ", "))
		return
	}
	if !comma {
		ed.insert(end, ",")
	}
	for _, m := range missing { // below the last item and its comment
		ed.insert(eol+1, indent+m+","+ed.newline)
	}
}

// rawString returns the length of the TOML string that b starts with.
func rawString(b []byte) int {
	for _, q := range []string{`"""`, `'''`, `"`, `'`} {
		if !bytes.HasPrefix(b, []byte(q)) {
			continue
		}
		for i := len(q); i < len(b); i++ {
			if b[i] == '\\' && q[0] == '"' {
				i++
			} else if bytes.HasPrefix(b[i:], []byte(q)) {
				for len(q) == 3 && i+3 < len(b) && b[i+3] == q[0] { // quotes just before the end
					i++
				}
				return i + len(q)
			}
		}
	}
	return 0
}

// headers returns the place of every table header line and its keys.
func (ed *editor) headers() []header {
	return tableHeaders(ed.doc.data)
}

// firstHeader returns the start of the first table header with the comment
// lines above it, or the end of the file.
func (ed *editor) firstHeader() int {
	hs := ed.headers()
	if len(hs) == 0 {
		ed.endLine()
		return len(ed.doc.data)
	}
	return commentBlock(ed.doc.data, hs[0].line)
}

// afterHeader returns the start of the line after the header [keys].
func (ed *editor) afterHeader(keys ...string) (int, bool) {
	for _, h := range ed.headers() {
		if !h.array && slices.Equal(h.keys, keys) {
			i := bytes.IndexByte(ed.doc.data[h.line:], '\n')
			if i < 0 {
				ed.endLine()
				return len(ed.doc.data), true
			}
			return h.line + i + 1, true
		}
	}
	return 0, false
}

// lineOfHeader returns the start of the first header below [keys].
func (ed *editor) lineOfHeader(keys ...string) (int, bool) {
	for _, h := range ed.headers() {
		if len(h.keys) > len(keys) && slices.Equal(h.keys[:len(keys)], keys) {
			return commentBlock(ed.doc.data, h.line), true
		}
	}
	return 0, false
}

// endLine ends the last line when the file does not.
func (ed *editor) endLine() {
	if data := ed.doc.data; len(data) > 0 && data[len(data)-1] != '\n' && !ed.ended() {
		ed.insert(len(data), ed.newline)
	}
}

func (ed *editor) ended() bool {
	return slices.ContainsFunc(ed.inserts, func(in insert) bool { return in.pos == len(ed.doc.data) })
}

// append adds a table at the end of the file, after a blank line.
func (ed *editor) append(text string) {
	data := ed.doc.data
	blank := len(bytes.TrimSpace(data)) == 0 && len(ed.inserts) == 0
	ed.endLine()
	if !blank && (ed.ended() || !bytes.HasSuffix(bytes.ReplaceAll(data, []byte("\r"), nil), []byte("\n\n"))) {
		text = ed.newline + text
	}
	ed.insert(len(data), text)
}

func (ed *editor) insert(pos int, text string) {
	ed.inserts = append(ed.inserts, insert{pos, text})
}

// apply returns the document with all insertions, in the order given where
// several share a place.
func (ed *editor) apply() []byte {
	slices.SortStableFunc(ed.inserts, func(a, b insert) int { return a.pos - b.pos })
	var out []byte
	pos := 0
	for _, in := range ed.inserts {
		out = append(out, ed.doc.data[pos:in.pos]...)
		out = append(out, in.text...)
		pos = in.pos
	}
	return append(out, ed.doc.data[pos:]...)
}

// array writes a TOML array of strings, one a line when long.
func array(items []string, newline string, long bool) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = quote(s)
	}
	if !long {
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	sep := "," + newline
	return "[" + newline + "    " + strings.Join(quoted, sep+"    ") + sep + "]"
}

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
