package syntax

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

var utf8BOM = []byte("\xef\xbb\xbf")

// invalidUTF8 is text that should be UTF-8 and is not.
type invalidUTF8 struct {
	places []invalidByte
	format string // of the message
	strict bool   // also in comments
}

// invalidByte is the first of some bytes that are no UTF-8.
type invalidByte struct {
	offset int32 // of what stands for them in File.Src
	value  byte
}

// decode fills in f.Src, f.BOM and f.Encoding. Text that cannot be decoded is
// an error, and is read all the same. What is not UTF-8 is returned.
func (f *File) decode(src []byte) invalidUTF8 {
	invalid := f.decodeText(src)
	if i := bytes.IndexByte(f.Src, 0); i >= 0 {
		f.errorf(int32(i), int32(i)+1, "source code cannot contain null bytes")
	}
	return invalid
}

// checkUTF8 reports text that is not UTF-8. Before 3.14, Python looks at the
// text of tokens alone, when a module is imported: comments may hold anything.
func (f *File) checkUTF8(invalid invalidUTF8, comments []Comment) {
	for _, b := range invalid.places {
		if f.version.Less(Version{3, 14}) && !invalid.strict {
			k := sort.Search(len(comments), func(k int) bool { return comments[k].End > b.offset })
			if k < len(comments) && comments[k].Start <= b.offset {
				continue
			}
		}
		f.errorf(b.offset, b.offset+int32(len("\uFFFD")), invalid.format, b.value, f.Line(b.offset))
		return
	}
}

func (f *File) decodeText(src []byte) (invalid invalidUTF8) {
	f.Encoding = "utf-8"
	if bytes.HasPrefix(src, utf8BOM) {
		f.BOM = true
		src = src[len(utf8BOM):]
	}
	cookie, at, declared := findCookie(src)
	if !declared {
		f.Src, invalid.places = withoutInvalid(src)
		invalid.format = "Non-UTF-8 code starting with '\\x%02x' on line %d, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
		return invalid
	}
	at = len(replaceInvalid(src[:at])) // where it is in f.Src
	end := at + len(cookie)
	name := normalizeEncoding(string(cookie))
	plain := bytes.HasPrefix(bytes.ReplaceAll(bytes.ToLower(cookie), []byte("_"), []byte("-")), []byte("utf-8")) // read without a codec
	if name == "utf-8" && (!f.BOM || plain) {
		f.Src, invalid.places = withoutInvalid(src)
		invalid.format = "(unicode error) 'utf-8' codec can't decode byte 0x%02x on line %d: the text is not what its encoding declaration says"
		invalid.strict = !plain
		return invalid
	}
	f.Encoding = name
	if f.BOM {
		f.Src = replaceInvalid(src)
		f.errorf(int32(at), int32(end), "encoding problem: %s with BOM", cookie)
		return invalid
	}
	e, known := encodings[name]
	switch {
	case name == "ascii":
		f.Src = src
		for i, c := range src {
			if c >= utf8.RuneSelf {
				f.Src = toASCII(src)
				f.undecodable(i, c, "(unicode error) 'ascii' codec can't decode byte 0x%02x on line %d: the text is not what its encoding declaration says")
				break
			}
		}
	case unsupported[strings.ReplaceAll(name, "-", "")]:
		f.Src = replaceInvalid(src)
		f.errorf(int32(at), int32(end), "the encoding '%s' is not supported; save the file as UTF-8 and remove the declaration", cookie)
	case !known:
		f.Src = replaceInvalid(src)
		f.errorf(int32(at), int32(end), "unknown encoding: %s", cookie)
	default:
		// The decoders never fail: what they cannot read becomes U+FFFD,
		// which no text of these encodings contains.
		decoded, err := e.NewDecoder().Bytes(src)
		if err != nil {
			decoded = replaceInvalid(src)
		}
		if table, ok := e.(*charmap.Charmap); ok && strings.HasPrefix(name, "iso-8859-") {
			decoded = withControls(src, table)
		}
		f.Src = decoded
		if i := bytes.IndexRune(decoded, utf8.RuneError); i >= 0 {
			f.errorf(int32(i), int32(i)+3, "(unicode error) '%s' codec can't decode a byte on line %d: the text is not what its encoding declaration says", name, bytes.Count(decoded[:i], []byte("\n"))+1)
		}
	}
	return invalid
}

// withControls decodes ISO 8859 text as Python does: the bytes 0x80 to 0x9f
// are the control characters of the same numbers.
func withControls(src []byte, table *charmap.Charmap) []byte {
	out := make([]byte, 0, len(src)+len(src)/8)
	for _, c := range src {
		r := table.DecodeByte(c)
		if c >= 0x80 && c <= 0x9f {
			r = rune(c)
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// toASCII replaces all bytes beyond ASCII.
func toASCII(src []byte) []byte {
	out := bytes.Clone(src)
	for i, c := range out {
		if c >= utf8.RuneSelf {
			out[i] = 0xff
		}
	}
	return out
}

// undecodable reports the byte c at offset i, and replaces all that are no
// UTF-8.
func (f *File) undecodable(i int, c byte, format string) {
	line := bytes.Count(f.Src[:i], []byte("\n")) + 1
	f.Src = replaceInvalid(f.Src)
	f.errorf(int32(i), int32(i+len("\uFFFD")), format, c, line)
}

// withoutInvalid replaces what is no UTF-8, and says where it was.
func withoutInvalid(src []byte) (text []byte, places []invalidByte) {
	if utf8.Valid(src) {
		return src, nil
	}
	out := make([]byte, 0, len(src)+16)
	last := -1 // the end of the last bad bytes
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			out = append(out, src[i:i+n]...)
		case i == last:
			last = i + 1
		default:
			places = append(places, invalidByte{int32(len(out)), src[i]})
			out = append(out, "\uFFFD"...)
			last = i + 1
		}
		i += n
	}
	return out, places
}

func replaceInvalid(src []byte) []byte {
	if utf8.Valid(src) {
		return src
	}
	return bytes.ToValidUTF8(src, []byte("\uFFFD"))
}

// findCookie finds an encoding declaration (PEP 263): in the first line, or in
// the second one if the first is blank or a comment.
func findCookie(src []byte) (cookie []byte, at int, ok bool) {
	start := 0
	for range 2 {
		end := start
		for end < len(src) && src[end] != '\n' && src[end] != '\r' {
			end++
		}
		line := src[start:end]
		text := bytes.TrimLeft(line, " \t\f")
		if len(text) > 0 && text[0] != '#' {
			return nil, 0, false
		}
		for rest, offset := text, end-len(text); ; {
			i := bytes.Index(rest, []byte("coding"))
			if i < 0 {
				break
			}
			rest, offset = rest[i+len("coding"):], offset+i+len("coding")
			if len(rest) == 0 || rest[0] != ':' && rest[0] != '=' {
				continue
			}
			value := bytes.TrimLeft(rest[1:], " \t")
			n := 0
			for n < len(value) && (isDigit(value[n]) || value[n]|0x20 >= 'a' && value[n]|0x20 <= 'z' || strings.IndexByte("-_.", value[n]) >= 0) {
				n++
			}
			if n > 0 {
				return value[:n], offset + len(rest) - len(value), true
			}
		}
		if start = end + 1; start >= len(src) {
			break
		}
		if src[end] == '\r' && src[start] == '\n' {
			start++
		}
	}
	return nil, 0, false
}

// normalizeEncoding spells the names of encodings as Python's codecs do, for
// all that are in encodings.
func normalizeEncoding(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	for _, known := range [...]struct{ name, means string }{
		{"utf-8", "utf-8"}, {"latin-1", "iso-8859-1"}, {"iso-8859-1", "iso-8859-1"}, {"iso-latin-1", "iso-8859-1"},
	} {
		if name == known.name || strings.HasPrefix(name, known.name+"-") {
			return known.means
		}
	}
	if alias, ok := encodingAliases[name]; ok {
		return alias
	}
	if rest, ok := strings.CutPrefix(name, "iso8859-"); ok {
		return "iso-8859-" + rest
	}
	if rest, ok := strings.CutPrefix(name, "windows-"); ok {
		return "cp" + rest
	}
	if rest, ok := strings.CutPrefix(name, "ibm"); ok {
		return "cp" + rest
	}
	return name
}

var encodingAliases = map[string]string{
	"utf8": "utf-8", "u8": "utf-8", "utf": "utf-8", "utf8-ucs2": "utf-8", "utf8-ucs4": "utf-8", "cp65001": "utf-8", "utf8-sig": "utf-8",
	"latin1": "iso-8859-1", "latin": "iso-8859-1", "l1": "iso-8859-1", "csisolatin1": "iso-8859-1", "iso-ir-100": "iso-8859-1", "8859": "iso-8859-1", "cp819": "iso-8859-1", "iso8859": "iso-8859-1", "iso8859-1": "iso-8859-1",
	"us-ascii": "ascii", "646": "ascii", "ansi-x3.4-1968": "ascii", "iso646-us": "ascii", "us": "ascii", "cp367": "ascii", "ibm367": "ascii",
	"latin2": "iso-8859-2", "latin-2": "iso-8859-2", "l2": "iso-8859-2", "latin3": "iso-8859-3", "l3": "iso-8859-3", "latin4": "iso-8859-4", "l4": "iso-8859-4",
	"cyrillic": "iso-8859-5", "arabic": "iso-8859-6", "greek": "iso-8859-7", "greek8": "iso-8859-7", "hebrew": "iso-8859-8",
	"latin5": "iso-8859-9", "l5": "iso-8859-9", "latin6": "iso-8859-10", "l6": "iso-8859-10", "latin7": "iso-8859-13", "l7": "iso-8859-13",
	"latin8": "iso-8859-14", "l8": "iso-8859-14", "latin9": "iso-8859-15", "latin-9": "iso-8859-15", "l9": "iso-8859-15", "latin10": "iso-8859-16", "l10": "iso-8859-16",
	"1250": "cp1250", "1251": "cp1251", "1252": "cp1252", "1253": "cp1253", "1254": "cp1254", "1255": "cp1255", "1256": "cp1256", "1257": "cp1257", "1258": "cp1258",
	"437": "cp437", "850": "cp850", "852": "cp852", "855": "cp855", "866": "cp866",
	"macroman": "mac-roman", "macintosh": "mac-roman", "maccyrillic": "mac-cyrillic", "koi8r": "koi8-r", "cskoi8r": "koi8-r",
	"eucjp": "euc-jp", "ujis": "euc-jp", "u-jis": "euc-jp", "shiftjis": "shift-jis", "sjis": "shift-jis", "s-jis": "shift-jis", "csshiftjis": "shift-jis", "cp932": "shift-jis", "932": "shift-jis", "ms932": "shift-jis", "mskanji": "shift-jis", "ms-kanji": "shift-jis",
	"iso2022-jp": "iso-2022-jp", "iso2022jp": "iso-2022-jp", "csiso2022jp": "iso-2022-jp",
	"euckr": "euc-kr", "korean": "euc-kr", "ksc5601": "euc-kr", "ks-c-5601": "euc-kr", "cp949": "euc-kr", "949": "euc-kr", "uhc": "euc-kr",
	"gb2312": "gbk", "gb2312-80": "gbk", "euccn": "gbk", "euc-cn": "gbk", "eucgb2312-cn": "gbk", "chinese": "gbk", "cp936": "gbk", "936": "gbk", "ms936": "gbk",
	"gb18030-2000": "gb18030", "big5-tw": "big5", "csbig5": "big5", "cp950": "big5", "950": "big5", "hzgb": "hz", "hz-gb": "hz", "hz-gb-2312": "hz",
	"cp874": "cp874", "windows-874": "cp874",
}

// unsupported are encodings that Python reads and this package does not, by
// the names of normalizeEncoding without hyphens.
var unsupported = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`utf7 unicodeescape rawunicodeescape idna punycode utf16 utf16le utf16be utf32 utf32le utf32be big5hkscs johab eucjis2004 eucjisx0213
		shiftjis2004 shiftjisx0213 iso2022jp1 iso2022jp2 iso2022jp2004 iso2022jp3 iso2022jpext iso2022kr tis620 iso885911 hproman8 ptcp154 kz1048 koi8t
		macgreek maciceland maclatin2 macturkish maccroatian macromanian macfarsi macarabic palmos mbcs oem
		cp037 cp273 cp424 cp500 cp720 cp737 cp775 cp856 cp857 cp861 cp864 cp869 cp875 cp1006 cp1026 cp1125 cp1140`) {
		names[n] = true
	}
	return names
}()

// encodings holds what source files can declare besides UTF-8 and ASCII, by
// the names of normalizeEncoding. Those of East Asia are the supersets that the
// web uses: gb2312 is read as GBK, euc-kr as CP949.
var encodings = map[string]encoding.Encoding{
	"iso-8859-1": charmap.ISO8859_1, "iso-8859-2": charmap.ISO8859_2, "iso-8859-3": charmap.ISO8859_3, "iso-8859-4": charmap.ISO8859_4,
	"iso-8859-5": charmap.ISO8859_5, "iso-8859-6": charmap.ISO8859_6, "iso-8859-7": charmap.ISO8859_7, "iso-8859-8": charmap.ISO8859_8,
	"iso-8859-9": charmap.ISO8859_9, "iso-8859-10": charmap.ISO8859_10, "iso-8859-13": charmap.ISO8859_13, "iso-8859-14": charmap.ISO8859_14,
	"iso-8859-15": charmap.ISO8859_15, "iso-8859-16": charmap.ISO8859_16,
	"cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "cp1252": charmap.Windows1252, "cp1253": charmap.Windows1253,
	"cp1254": charmap.Windows1254, "cp1255": charmap.Windows1255, "cp1256": charmap.Windows1256, "cp1257": charmap.Windows1257,
	"cp1258": charmap.Windows1258, "cp874": charmap.Windows874,
	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp855": charmap.CodePage855,
	"cp858": charmap.CodePage858, "cp860": charmap.CodePage860, "cp862": charmap.CodePage862, "cp863": charmap.CodePage863,
	"cp865": charmap.CodePage865, "cp866": charmap.CodePage866,
	"koi8-r": charmap.KOI8R, "koi8-u": charmap.KOI8U, "mac-roman": charmap.Macintosh, "mac-cyrillic": charmap.MacintoshCyrillic,
	"euc-jp": japanese.EUCJP, "shift-jis": japanese.ShiftJIS, "iso-2022-jp": japanese.ISO2022JP, "euc-kr": korean.EUCKR,
	"gbk": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030, "hz": simplifiedchinese.HZGB2312, "big5": traditionalchinese.Big5,
}
