//go:build !unix

package launch

import (
	"os"
	"os/exec"
)

// Streams says whether what a child sends arrives while it runs.
const Streams = false

// result gives the child a temporary file for its result: descriptors are not
// inherited by number here. The bootstrap opens it.
func (p *plumbing) result(cmd *exec.Cmd, b *buffer, secret string) (collect func() error, err error) {
	f, err := os.CreateTemp("", "fastpath-result-")
	if err != nil {
		return nil, err
	}
	name := f.Name()
	if err := f.Close(); err != nil {
		return nil, err
	}
	p.files = append(p.files, name)
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], resultVariable+"="+name+":"+secret)
	return func() error {
		data, err := os.ReadFile(name)
		b.add(data)
		return err
	}, nil
}

func ownGroup(*exec.Cmd) {}

// killGroup kills the child.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func accounting(*os.ProcessState) (signal string, maxRSSKiB int64) { return "", 0 }
