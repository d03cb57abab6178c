//go:build unix

package call

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTwenty holds twenty calls at once, both ends in this process, and tells what a second of a call costs: half of it falls
// to the hire, half to the office.
func BenchmarkTwenty(b *testing.B) {
	const calls, length = 20, 10 * time.Second
	s := serve(b, Limits{PerTicket: calls, Starts: 1 << 30})
	for b.Loop() {
		var heap, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&heap)
		phones := make([]*phone, calls)
		var work sync.WaitGroup
		for i := range phones {
			work.Go(func() { phones[i] = dialled(b, s.ticket) })
		}
		work.Wait()
		began, used := time.Now(), cpu()
		time.Sleep(length)
		spent := (cpu() - used).Seconds() / time.Since(began).Seconds() / calls
		runtime.GC()
		runtime.ReadMemStats(&after)
		lost, void := 0, 0.0
		for _, p := range phones {
			work.Go(func() {
				seen, err := p.finishing(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				j := seen[idle].judge()
				p.talk.mu.Lock()
				defer p.talk.mu.Unlock()
				s.mu.Lock()
				lost, void = lost+j.up.lost+j.down.lost, max(void, j.up.void, j.down.void)
				s.mu.Unlock()
			})
		}
		work.Wait()
		b.ReportMetric(100*spent, "%cpu/call")
		b.ReportMetric(float64(after.HeapAlloc-heap.HeapAlloc)/calls/1024, "KiB/call")
		b.ReportMetric(float64(lost), "lost")
		b.ReportMetric(100*void, "%void")
	}
}
