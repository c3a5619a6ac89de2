//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach takes the command off the terminal: a browser it starts must outlive a
// Ctrl-C that was meant for this program.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
