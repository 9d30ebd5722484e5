package launch

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithUs has the kernel kill the child when this process dies without a
// chance to do it, as by SIGKILL. The kernel means the thread that started the
// child, so the caller keeps it until release. Call it after ownGroup.
func endWithUs(cmd *exec.Cmd) (release func()) {
	runtime.LockOSThread()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return runtime.UnlockOSThread
}
