//go:build !lab

package audio

// sideBySide is how many tests run at once: their limits are short, and a child must start within them.
const sideBySide = "4"
