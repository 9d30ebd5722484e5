package lambdaapi

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime returns the processor time of a running process, all its
// threads and none of its children, to the nanosecond; 0 when it is gone. The
// number of a process's clock is that of clock_getcpuclockid(3).
func processorTime(pid int) time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduled, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// peakMemory returns the peak resident memory of a running process in KiB, 0
// when it is gone.
func peakMemory(pid int) float64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.ParseFloat(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 64)
			if err != nil {
				return 0
			}
			return kib
		}
	}
	return 0
}
