package render

// Wrap breaks a text at spaces into lines of at most width columns, and inside words where they are longer than that.
func Wrap(text string, width int) []string { return wrap(text, width) }
