//go:build unix

package cli

import "syscall"

// writeAccess is W_OK and X_OK of access(2).
const writeAccess = 2 | 1

// folderWritable says why this user may make no files in a folder, nil where files can
// be made.
func folderWritable(dir string) error { return syscall.Access(dir, writeAccess) }
