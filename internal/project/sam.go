package project

import "fmt"

// place is "file:line".
func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func readTemplates(root string) ([]function, []Problem, error) { return nil, nil, nil }
