//go:build unix

package audio

import (
	"os/exec"
	"syscall"
)

// ownGroup gives the child a process group of its own: Ctrl-C goes to the parent alone, and an end reaches everything
// that the child may have started.
func ownGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
