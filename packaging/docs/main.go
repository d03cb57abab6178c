// Command docs writes what the program can measure into a document, from the checks themselves, between the two lines
//
//	<!-- metrics -->
//
//	docs [-check] FILE
//
// With -check it changes nothing, and fails when the document is stale.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/words"
)

const mark = "<!-- metrics -->\n"

func main() {
	check := flag.Bool("check", false, "change nothing, and fail when the document is stale")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: docs [-check] FILE")
		os.Exit(2)
	}
	if err := update(flag.Arg(0), all.All(all.Options{}), *check); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func update(file string, list []checks.Check, checkOnly bool) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	table, err := metrics(list)
	if err != nil {
		return err
	}
	fresh, err := between(string(old), table)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case fresh == string(old):
		return nil
	case checkOnly:
		return fmt.Errorf("%s: its table of metrics is stale; run: make docs", file)
	}
	return os.WriteFile(file, []byte(fresh), 0o644)
}

// between puts text between the two marks.
func between(document, text string) (string, error) {
	parts := strings.Split(document, mark)
	if len(parts) != 3 {
		return "", fmt.Errorf("%d marks %q, want two", len(parts)-1, strings.TrimSpace(mark))
	}
	return parts[0] + mark + text + mark + parts[2], nil
}

// metrics is a Markdown table of all that the checks measure.
func metrics(list []checks.Check) (string, error) {
	var sources []fs.FS
	for _, c := range list {
		sources = append(sources, c.Words)
	}
	book, err := words.Open(words.Fallback, sources...)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, c := range list {
		fmt.Fprintf(&out, "\n**%s** (`--only %s`)\n\n| metric | unit | what it is |\n| --- | --- | --- |\n", book.Text(c.Name+".title"), c.Name)
		for _, m := range c.Metrics {
			fmt.Fprintf(&out, "| `%s` | %s | %s: %s |\n", m.ID, unit(m), cell(book.Text(m.ID+".title")), cell(book.Text(m.ID+".help")))
		}
	}
	return out.String() + "\n", nil
}

// unit is the metric's unit, or the closed list of what a text can be.
func unit(m checks.Metric) string {
	if len(m.Values) == 0 {
		return string(m.Unit)
	}
	return "`" + strings.Join(m.Values, "` `") + "`"
}

// cell keeps text within its cell of the table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
