//go:build unix

package cli

import "syscall"

// writeAccess is W_OK of access(2).
const writeAccess = 2

// folderWritable reports whether this user may make files in a folder.
func folderWritable(dir string) bool { return syscall.Access(dir, writeAccess) == nil }
