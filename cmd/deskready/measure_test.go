package main

import (
	"slices"
	"testing"

	"deskready/report"
)

// TestTogether: the call and the load come again together, but nothing comes again that has to pass each time.
func TestTogether(t *testing.T) {
	both := []string{"bandwidth", "call"}
	for _, c := range []struct{ names, repeated, want []string }{
		{nil, both, nil},
		{[]string{"call"}, both, []string{"call", "bandwidth"}},
		{[]string{"bandwidth"}, both, []string{"bandwidth", "call"}},
		{both, both, both},
		{[]string{"bandwidth"}, []string{"bandwidth"}, []string{"bandwidth"}},
		{[]string{"call"}, []string{"call", "path"}, []string{"call"}},
		{[]string{"path"}, append(both, "path"), []string{"path"}},
	} {
		if got := together(slices.Clone(c.names), report.Retry{Pass: 2, Of: 3, Checks: c.repeated}); !slices.Equal(got, c.want) {
			t.Errorf("%v of %v: %v, want %v", c.names, c.repeated, got, c.want)
		}
	}
}
