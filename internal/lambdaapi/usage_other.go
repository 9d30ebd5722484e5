//go:build !linux

package lambdaapi

import "time"

// processorTime is not known here while a process runs.
func processorTime(int) time.Duration { return 0 }

// peakMemory is not known here while a process runs.
func peakMemory(int) float64 { return 0 }
