package audio

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps Ctrl-C of the console away from the child: the parent ends it.
func ownGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.CreationFlags |= syscall.CREATE_NEW_PROCESS_GROUP
	cmd.SysProcAttr.HideWindow = true
}

// endGroup ends the child, which starts nothing itself.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
