package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What the machine says of itself, from /proc.

// ticks are the processors' time since the machine started, in the kernel's ticks.
type ticks struct{ all, idle, stolen float64 }

func processors() ticks {
	data, _ := os.ReadFile("/proc/stat") // without it all is 0, and nothing is known
	return parseTicks(string(data))
}

func parseTicks(stat string) (t ticks) {
	first, _, _ := strings.Cut(stat, "\n")
	for i, field := range strings.Fields(strings.TrimPrefix(first, "cpu")) {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || i > 7 {
			break // guests' time is in the users' already
		}
		t.all += n
		switch i {
		case 3, 4: // idle, waiting for a disk
			t.idle += n
		case 7:
			t.stolen += n
		}
	}
	return t
}

// shares are parts of all processors' time between two moments.
type shares struct{ busy, stolen float64 }

func (t ticks) until(later ticks) shares {
	all := later.all - t.all
	if all <= 0 {
		return shares{}
	}
	return shares{1 - (later.idle-t.idle)/all, (later.stolen - t.stolen) / all}
}

// quiet waits, not for ever, until others leave the processors alone, and answers what share they took last.
func quiet(ctx context.Context, most float64, patience time.Duration) float64 {
	for began := time.Now(); ; {
		before := processors()
		if sleep(ctx, time.Second) != nil {
			return 0
		}
		if busy := before.until(processors()).busy; busy <= most || time.Since(began) > patience {
			return busy
		}
	}
}

func load() float64 {
	data, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	n, _ := strconv.ParseFloat(first, 64)
	return n
}

// watch follows the memory of a process; what it answers stops that and tells the most it had resident. The kernel's own
// mark is for the process that was started, with what it was before it became the program.
func watch(pid int) (stop func() int64) {
	var most int64
	done := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		for {
			most = max(most, memory(pid))
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() int64 {
		close(done)
		over.Wait()
		return most
	}
}

// memory is the high-water mark of a process's resident memory, in bytes; 0 when it is gone.
func memory(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, mark, _ := strings.Cut(string(data), "VmHWM:")
	fields := strings.Fields(mark)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[0], 10, 64)
	return n << 10
}

// used is what a process that still runs has taken.
func used(pid int) usage {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return usage{CPU: parseCPU(string(data)), RSS: memory(pid)}
}

// parseCPU adds user and system time, with those of children waited for (proc(5), fields 14 to 17).
func parseCPU(stat string) (seconds float64) {
	const perSecond = 100 // USER_HZ, the same on every Linux that Go runs on
	_, rest, _ := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(rest)
	for i := 11; i < 15 && i < len(fields); i++ {
		n, _ := strconv.ParseFloat(fields[i], 64)
		seconds += n / perSecond
	}
	return seconds
}

// ended says whether a child has ended that nobody waited for yet.
func ended(pid int) bool {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.HasPrefix(string(data[bytes.LastIndexByte(data, ')')+1:]), " Z")
}

// listens says whether anybody listens on the TCP port in the network namespace of the process.
func listens(pid, port int) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if parseListens(string(data), port) {
			return true
		}
	}
	return false
}

func parseListens(table string, port int) bool {
	const listening = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for _, l := range strings.Split(table, "\n") {
		if f := strings.Fields(l); len(f) > 3 && strings.HasSuffix(f[1], suffix) && f[3] == listening {
			return true
		}
	}
	return false
}
