package system

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"deskready/checks"
)

// workday is what a browser with a call, the customer's page and twenty tabs takes: 0.5 GB for the browser itself, 0.3
// for the call, 0.4 for the customer's page and 0.1 for each tab. The figures are ours, of the size that the task
// managers of browsers show for such pages; a policy that knows its own pages judges memory_available instead.
const workday = 3_200_000_000

// Where the power comes from.
const (
	fromMains   = "mains"
	fromBattery = "battery"
	noBattery   = "no_battery" // a computer that runs on mains only
)

// power is the supply. A charge below zero is not known.
type power struct {
	from   string
	charge float64
}

// mostDisplays bounds what is told of displays: no desk has more.
const mostDisplays = 8

func (m machine) ofDesk(ctx context.Context) []checks.Measurement {
	list, err := guarded(ctx, answerIn, m.displays)
	var out []checks.Measurement
	switch {
	case err != nil:
		out = missing(problem(err), displays, resolution)
	case len(list) == 0:
		out = append(out, displays.Of("", 0), resolution.Missing("", &checks.Problem{Code: checks.CodeAbsent, Side: checks.SideHire}))
	default:
		out = append(out, displays.Of("", float64(len(list))))
		for i, size := range list[:min(len(list), mostDisplays)] {
			out = append(out, resolution.Named(strconv.Itoa(i+1), size))
		}
	}
	supply, err := guarded(ctx, answerIn, m.power)
	switch {
	case err != nil:
		return append(out, missing(problem(err), powerFrom, battery)...)
	case supply.from == noBattery:
		out = append(out, battery.Missing("", &checks.Problem{Code: checks.CodeAbsent, Side: checks.SideHire}))
	case supply.charge < 0 || supply.charge > 1:
		out = append(out, battery.Missing("", unreadable("no charge")))
	default:
		out = append(out, battery.Of("", supply.charge))
	}
	return append(out, powerFrom.Named("", supply.from))
}

// ofTruths asks each question beside the others: some are answered by programs of the system, which are slow.
func (m machine) ofTruths(ctx context.Context) []checks.Measurement {
	list := []checks.Metric{
		pendingReboot, powerSaver, antivirus, firewall, encryption, screenLock, microphoneOpen, cameraOpen, virtualCamera, virtualAudio,
	}
	out := make([]checks.Measurement, len(list))
	var wg sync.WaitGroup
	for i, metric := range list {
		wg.Go(func() {
			yes, err := guarded(ctx, answerIn, m.truths[metric.ID])
			if errors.Is(err, errUnsupported) {
				err = untold()
			}
			if out[i] = metric.True("", yes); err != nil {
				out[i] = metric.Missing("", problem(err))
			}
		})
	}
	wg.Wait()
	return out
}

// untold is the reason for what this system tells to administrators alone, or to nobody.
func untold() error { return &checks.Problem{Code: codeUntold, Side: checks.SideUnknown} }

func (m machine) ofPlace(ctx context.Context) []checks.Measurement {
	zone, err := guarded(ctx, answerIn, m.zone)
	if err == nil && !ianaName.MatchString(zone) {
		err = unreadable("no name of a time zone")
	}
	where := timeZone.Named("", zone)
	if err != nil {
		where = timeZone.Missing("", problem(err))
	}
	up, err := guarded(ctx, answerIn, m.uptime)
	if err == nil && up <= 0 {
		err = unreadable("no time since the start")
	}
	if err != nil {
		return []checks.Measurement{where, uptime.Missing("", problem(err))}
	}
	return []checks.Measurement{where, uptime.Of("", up.Truncate(time.Second).Seconds())}
}

// Subjects of the signals: what of this desk may be elsewhere.
const (
	ofComputer = "computer"
	ofSession  = "session"
)

// The signals, by how sure they are. None proves anything: programs that hide a virtual machine exist, and honest hires
// work on computers that an employer runs for them.
const (
	noSign       = "none"
	vmLikely     = "vm_likely"
	vmSure       = "vm_sure"
	container    = "container"
	wsl          = "wsl"
	remoteLikely = "remote_likely"
	remoteSure   = "remote_sure"
)

func (m machine) ofSignals(ctx context.Context) []checks.Measurement {
	out := make([]checks.Measurement, 0, 2)
	for _, of := range []struct {
		subject string
		ask     func(context.Context) (string, error)
	}{{ofComputer, m.computer}, {ofSession, m.session}} {
		sign, err := guarded(ctx, answerIn, of.ask)
		if err == nil && !slices.Contains(signals.Values, sign) {
			err = unreadable("no signal")
		}
		if err != nil {
			out = append(out, signals.Missing(of.subject, problem(err)))
			continue
		}
		out = append(out, signals.Named(of.subject, sign))
	}
	return out
}
