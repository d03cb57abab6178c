package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// escapes makes a console understand escape sequences, and says whether it does: those before Windows 10 show them as
// they are. What is no console takes whatever it is given.
func escapes(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	if windows.GetConsoleMode(console, &mode) != nil {
		return true
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
