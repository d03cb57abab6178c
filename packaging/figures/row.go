package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"deskready/checks/lab/access"
)

// A row is what came of a trial.
type row struct {
	Line   string    `json:"line"`
	Tool   string    `json:"tool"`
	Repeat int       `json:"repeat"`
	Began  time.Time `json:"began"`
	Error  string    `json:"error,omitempty"`

	// What the tool said: bit/s and seconds; nil where it says nothing.
	Download *float64 `json:"download,omitempty"`
	Upload   *float64 `json:"upload,omitempty"`
	RTT      *float64 `json:"rtt,omitempty"`
	Said     *said    `json:"said,omitempty"` // by deskready alone

	// What it cost.
	Seconds float64 `json:"seconds"` // by the wall
	Client  usage   `json:"client"`
	Office  usage   `json:"office"` // of deskready alone
	Down    traffic `json:"down"`   // over the line, in IP packets
	Up      traffic `json:"up"`

	// How quiet the machine was.
	Load   float64 `json:"load"`   // the mean of the last minute, before
	Others float64 `json:"others"` // share of the processors in use, before
	Stolen float64 `json:"stolen"` // share of the processors' time that the host took away, during
	LateMS float64 `json:"late_ms"`
}

// usage is what a process took of the machine.
type usage struct {
	CPU float64 `json:"cpu"` // seconds, user and system, with the children that it waited for
	RSS int64   `json:"rss"` // bytes, the most at any time
}

// traffic is what the lab counted in one direction.
type traffic struct {
	access.Counts
	UDP map[uint16]access.Counts `json:"udp,omitempty"`
	RTP map[uint16]access.Counts `json:"rtp,omitempty"`
}

func (r row) key() string { return fmt.Sprintf("%s|%s|%d", r.Line, r.Tool, r.Repeat) }

// line finds the row's line; of rows from before the lines changed there may be none.
func (r row) line() line {
	l, _ := findLine(r.Line)
	return l
}

// bytes went over the line, both ways.
func (r row) bytes() int64 { return r.Down.DeliveredBytes + r.Up.DeliveredBytes }

// tooLate is when the lab itself may have bent the figures: a row is then marked.
const tooLate = 4.0 // ms, of 99 % of the packets

func (r row) disturbed() bool { return r.LateMS > tooLate }

func (r row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d:", r.Line, r.Tool, r.Repeat)
	if r.Download != nil {
		fmt.Fprintf(&b, " down %.3f Mbit/s%s", *r.Download/1e6, off(r.Download, r.line().download))
	}
	if r.Upload != nil {
		fmt.Fprintf(&b, " up %.3f Mbit/s%s", *r.Upload/1e6, off(r.Upload, r.line().upload))
	}
	if r.RTT != nil {
		fmt.Fprintf(&b, " rtt %.1f ms", *r.RTT*1e3)
	}
	fmt.Fprintf(&b, "; %.1f s, %.1f MB, cpu %.2f s, rss %.0f MB, late %.1f ms", r.Seconds, float64(r.bytes())/1e6, r.Client.CPU, float64(r.Client.RSS)/1e6, r.LateMS)
	if r.Error != "" {
		fmt.Fprintf(&b, "; %s", firstLine(r.Error))
	}
	return b.String()
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// off is by how much a rate misses the truth, where that is known.
func off(got *float64, truth func() (float64, bool)) string {
	if want, known := truth(); known && got != nil {
		return fmt.Sprintf(" %+.1f %%", 100*(*got/want-1))
	}
	return ""
}

// A book keeps rows, one line of JSON each.
type book struct{ file string }

// read answers all rows that are whole; of a trial that was repeated the last counts.
func (b book) read() ([]row, error) {
	f, err := os.Open(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []row
	at := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", b.file, n, err)
		}
		if i, again := at[r.key()]; again {
			rows[i] = r
			continue
		}
		at[r.key()] = len(rows)
		rows = append(rows, r)
	}
	return rows, lines.Err()
}

func (b book) add(r row) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(b.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	return errors.Join(err, f.Close())
}
