//go:build !linux

package source

import "os"

// List adds what is in a folder to list, in any order.
func List(dir string, list []Entry) ([]Entry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return list, err
	}
	defer f.Close()
	found, err := f.ReadDir(-1)
	for _, d := range found {
		list = append(list, Entry{d.Name(), d.Type()})
	}
	return list, err
}
