package main

import "golang.org/x/sys/windows"

// opener shows pages in the user's browser.
func opener() func(string) error {
	return func(url string) error {
		verb, err := windows.UTF16PtrFromString("open")
		if err != nil {
			return err
		}
		file, err := windows.UTF16PtrFromString(url)
		if err != nil {
			return err
		}
		return windows.ShellExecute(0, verb, file, nil, nil, windows.SW_SHOWNORMAL)
	}
}
