//go:build unix

package launch

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Streams says whether what a child sends arrives while it runs.
const Streams = true

// result gives the child the descriptor for its result: the first one after
// the standard streams.
func (p *plumbing) result(cmd *exec.Cmd, b *buffer, secret string) (collect func() error, err error) {
	w, err := p.reader(b)
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{w}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], resultVariable+"=3:"+secret)
	return func() error { return nil }, nil
}

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the child and all that it started in its group. A group
// that is gone is no error.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// accounting returns the signal that ended a child, and its peak memory.
func accounting(state *os.ProcessState) (signal string, maxRSSKiB int64) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		signal = ws.Signal().String()
	}
	if ru, ok := state.SysUsage().(*syscall.Rusage); ok {
		maxRSSKiB = int64(ru.Maxrss)
		if runtime.GOOS == "darwin" {
			maxRSSKiB /= 1024 // bytes there
		}
	}
	return signal, maxRSSKiB
}
