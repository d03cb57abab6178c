package lab

import (
	"path/filepath"
	"testing"

	"deskready/checks/lab/access"
)

// A Line is the access line between the hire's desk and the office. The zero Line is perfect.
type Line = access.Line

// Truth is what really went over a line.
type Truth = access.Truth

// Counts is what became of packets that one end of a line sent.
type Counts = access.Counts

// A Network is a line with a host at each end.
type Network struct {
	Hire, Office Host
	line         *access.Network
}

// A Host is one end of a Network: a network namespace of its own, with nothing in it but loopback and the line.
type Host struct{ access.Host }

// Net lays a line, which stands until the test ends or asks for the Truth. Whatever then still runs at its ends is killed.
func Net(t testing.TB, line Line) *Network {
	t.Helper()
	n, err := access.Lay(Build(t, "./checks/lab/netlab"), filepath.Join(t.TempDir(), "truth.json"), line)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Network{Host{n.Hire}, Host{n.Office}, n}
}

// Truth takes the line down and tells what went over it.
func (n *Network) Truth(t testing.TB) Truth {
	t.Helper()
	truth, err := n.line.Close()
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// TruthNow tells what went over the line until now, and leaves it up.
func (n *Network) TruthNow(t testing.TB) Truth {
	t.Helper()
	truth, err := n.line.Now()
	if err != nil {
		t.Fatal(err)
	}
	return truth
}
