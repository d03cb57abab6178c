package collector

import (
	"html/template"

	"deskready/checks/words"
	"deskready/report"
)

func reportStyle() string { return "" }

func readable(b words.Book, r report.Report) (template.HTML, error) {
	return template.HTML(template.HTMLEscapeString(string(r.Verdict))), nil
}
