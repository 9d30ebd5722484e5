//go:build !unix

package store

// limitFiles does nothing: there is no such limit.
func limitFiles() {}
