package resolve

// windows says which modules are compiled in.
const windows = true
