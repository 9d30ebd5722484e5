package resolve

// Kind says what a module name resolves to.
type Kind string

// The kinds, as scan's JSON writes them.
const (
	KindSource    Kind = "source"
	KindExtension Kind = "extension"
	KindPackage   Kind = "package" // its __init__ may be an extension
	KindNamespace Kind = "namespace"
	KindBuiltin   Kind = "builtin"
	KindFrozen    Kind = "frozen"
	KindMissing   Kind = "missing"
)
