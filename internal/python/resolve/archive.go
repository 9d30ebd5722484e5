package resolve

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"fastpath/internal/python/syntax"
)

// maxMember bounds what is read of one file of an archive.
const maxMember = 16 << 20

// archive is a zip file that stands on sys.path.
type archive struct {
	path string // absolute
}

// open makes the content of an archive known as folders below its path, as
// zipimport sees it. A file that is no archive is an empty folder.
func (r *Resolver) open(file string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	r.archives = append(r.archives, &archive{file})
	dirs := map[string]*listing{}
	var folder func(dir string) *listing
	folder = func(dir string) *listing {
		if l := dirs[dir]; l != nil {
			return l
		}
		l := &listing{entries: map[string]entry{}, zipped: true}
		dirs[dir] = l
		if dir != "." {
			up := folder(path.Dir(dir))
			e := up.entries[path.Base(dir)]
			e.implicit = !e.dir && !r.knowsImplicitFolders()
			e.dir = true
			up.entries[path.Base(dir)] = e
		}
		return l
	}
	members := map[string]*zip.File{}
	for _, f := range z.File {
		members[f.Name] = f
	}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !fs.ValidPath(name) || name == "." {
			continue // it would lead out of the archive
		}
		if strings.HasSuffix(f.Name, "/") {
			folder(name)
			if up := folder(path.Dir(name)); up.entries[path.Base(name)].implicit {
				e := up.entries[path.Base(name)]
				e.implicit = false
				up.entries[path.Base(name)] = e
			}
			continue
		}
		up := folder(path.Dir(name))
		if isExtension(name) || path.Ext(name) == ".pyc" && !r.usable(f, members[strings.TrimSuffix(name, "c")]) {
			continue
		}
		r.enter(up, path.Base(name), false)
	}
	for dir, l := range dirs {
		r.listings.Store(filepath.Join(file, filepath.FromSlash(dir)), l)
	}
	return nil
}

// knowsImplicitFolders reports whether zipimport sees a folder that has no
// entry of its own, which its source tells.
func (r *Resolver) knowsImplicitFolders() bool {
	return r.libraryHas("zipimport.py", "implicit directories")
}

// libraryHas reports whether a file of the standard library contains a text.
// Patch releases differ in details of the import system that no number tells.
// Without a library, the newest one counts.
func (r *Resolver) libraryHas(file, text string) bool {
	data, err := os.ReadFile(filepath.Join(r.stdlib, file))
	return err != nil || strings.Contains(string(data), text)
}

// usable reports whether zipimport takes the byte code of an archive: it has
// to be of this version and, unless it says otherwise, as old as its source.
func (r *Resolver) usable(f, source *zip.File) bool {
	in, err := f.Open()
	if err != nil {
		return false
	}
	defer in.Close()
	var head [16]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || head[2] != '\r' || head[3] != '\n' {
		return false
	}
	if first, end := magics(r.version); int(binary.LittleEndian.Uint16(head[:])) < first || int(binary.LittleEndian.Uint16(head[:])) >= end {
		return false
	}
	flags := binary.LittleEndian.Uint32(head[4:])
	switch {
	case flags > 3:
		return false
	case flags&1 != 0 || source == nil: // by hash, or nothing to compare with
		return true
	}
	// Times of archives are local and count two seconds.
	t := source.Modified
	written := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.Local).Unix()
	age := int64(binary.LittleEndian.Uint32(head[8:])) - written
	return age >= -1 && age <= 1 && binary.LittleEndian.Uint32(head[12:]) == uint32(source.UncompressedSize64)
}

// magics returns the range of the magic numbers of a version's byte code:
// CPython gives each minor version fifty of them, fewer before 3.11.
func magics(v syntax.Version) (first, end int) {
	switch {
	case v.Minor >= 11:
		first = 3450 + 50*(v.Minor-11)
		return first, first + 50
	case v.Minor == 10:
		return 3430, 3450
	case v.Minor == 9:
		return 3420, 3430
	}
	return 3400, 3420
}

// read returns the content of a member.
func (a *archive) read(member string) ([]byte, error) {
	z, err := zip.OpenReader(a.path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	for _, f := range z.File {
		if f.Name != member {
			continue
		}
		if f.UncompressedSize64 > maxMember {
			return nil, errors.New("the member is too large")
		}
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return io.ReadAll(io.LimitReader(in, maxMember))
	}
	return nil, fs.ErrNotExist
}
