package deploy

import (
	"path"
	"strings"

	"fastpath/internal/regexps"
)

var (
	archiveBlock = regexps.New(`(?m)^[ \t]*(?:data|resource)[ \t]+"archive_file"[ \t]+"([^"]+)"[ \t]*\{`)
	stringKey    = regexps.New(`(?m)^[ \t]*(source_file|source_dir)[ \t]*=[ \t]*"([^"\n]*)"`)
	fileCall     = regexps.New(`\bfile\([ \t]*"([^"\n]*)"`)
	excludesList = regexps.New(`(?s)\bexcludes[ \t]*=[ \t]*\[(.*?)\]`)
	quoted       = regexps.New(`"([^"\n]*)"`)
	modulePath   = regexps.New(`^\$\{path\.(?:module|root|cwd)\}/?`)
	comments     = regexps.New(`(?m)(^|[ \t])(#|//).*$`)
)

// terraform reads the archive_file blocks of a Terraform file. Their zip has a
// constant date on every file. Paths with other interpolations say nothing.
func (d *Deployment) terraform(_, file string, data []byte) {
	// Comments become blanks, so that offsets keep their lines.
	text := comments().ReplaceAllStringFunc(string(data), func(s string) string { return strings.Repeat(" ", len(s)) })
	for _, m := range archiveBlock().FindAllStringSubmatchIndex(text, -1) {
		end := blockEnd(text, m[1])
		block := text[m[1]:end]
		at := func(offset int) Place { return Place{file, lineOf(text, m[1]+offset)} }
		d.archive(text[m[2]:m[3]], path.Dir(file), block, Place{file, lineOf(text, m[2])}, at)
	}
}

// archive reads one block.
func (d *Deployment) archive(name, dir, block string, head Place, at func(int) Place) {
	what := "the archive " + name
	var single []string // files of the archive, when it names them one by one
	place := head
	for _, k := range stringKey().FindAllStringSubmatchIndex(block, -1) {
		value, ok := terraformPath(dir, block[k[4]:k[5]])
		if !ok {
			continue
		}
		if block[k[2]:k[3]] == "source_file" {
			single, place = append(single, value), at(k[4])
			continue
		}
		var excludes []pattern
		if m := excludesList().FindStringSubmatchIndex(block); m != nil {
			for _, q := range quoted().FindAllStringSubmatchIndex(block[m[2]:m[3]], -1) {
				excludes = append(excludes, pattern{block[m[2]+q[2] : m[2]+q[3]], true, at(m[2] + q[2]).Line})
			}
		}
		has := func(f string) (bool, Place) {
			rel, ok := below(value, f)
			if !ok {
				return false, at(k[4])
			}
			for _, p := range excludes {
				if globAbove(p.text, rel) {
					return false, Place{head.File, p.line}
				}
			}
			return true, Place{}
		}
		d.rules = append(d.rules, rule{what: what, has: has})
		d.Packers = append(d.Packers, Packer{Place: head, Name: "Terraform's archive_file", Dir: value, packs: func(f string) bool { yes, _ := has(f); return yes }})
	}
	for _, m := range fileCall().FindAllStringSubmatchIndex(block, -1) {
		if value, ok := terraformPath(dir, block[m[2]:m[3]]); ok {
			single, place = append(single, value), at(m[2])
		}
	}
	if len(single) > 0 {
		d.rules = append(d.rules, rule{what: what, has: func(f string) (bool, Place) {
			for _, s := range single {
				if s == f {
					return true, Place{}
				}
			}
			return false, place
		}})
	}
}

// terraformPath makes a path of a Terraform file relative to the project.
func terraformPath(dir, value string) (string, bool) {
	value = modulePath().ReplaceAllString(value, "")
	if strings.Contains(value, "${") || path.IsAbs(value) {
		return "", false
	}
	p := path.Join(dir, value)
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

// blockEnd returns the offset of the brace that closes a block whose text
// begins at from.
func blockEnd(text string, from int) int {
	depth, inString := 1, false
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && inString:
			i++
		case c == '"' || c == '\n' && inString:
			inString = !inString
		case inString:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
