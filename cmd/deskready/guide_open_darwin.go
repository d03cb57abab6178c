package main

import "os/exec"

// opener shows pages in the user's browser.
func opener() func(string) error {
	return func(url string) error { return exec.Command("/usr/bin/open", url).Run() }
}
