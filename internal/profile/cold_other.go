//go:build !linux

package profile

// canDrop says that this platform has no way to drop files from memory.
const canDrop = false

func drop([]string, bool) (stayed int) { return 0 }
