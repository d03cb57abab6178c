package audio

import (
	"context"
	"fmt"

	"deskready/checks"
)

// The answers of a person who is asked what is heard.
const (
	playNothing  = "audio.answer.no_sound"
	cannotHear   = "audio.answer.cannot_hear"
	heardNothing = "audio.answer.heard_nothing"
)

// counted are the answers with a number in them.
func counted() []string {
	var keys []string
	for n := leastSweeps; n <= mostSweeps; n++ {
		keys = append(keys, countOf(n))
	}
	return keys
}

func countOf(n int) string { return fmt.Sprintf("audio.answer.count_%d", n) }

// play plays sweeps, listens for them, and asks the person to count them: a number that was drawn just now cannot be
// guessed. Who is wrong may listen once more, to another number.
func (s session) play(ctx context.Context, t *take, tell checks.Progress) {
	if t.withoutOutput() {
		t.unplayed, t.unheard = missing(codeNoOutput), missing(codeNoOutput)
		return
	}
	person := s.warn(ctx, t)
	if t.unplayed != nil {
		return
	}
	for try := 1; try <= tries; try++ {
		n := s.count()
		p := s.playOnce(ctx, t, n, tell)
		switch {
		case p != nil && p.Code == codeNotPlayed && try < tries: // a busy computer, most of the time
			var ready bool
			if person, ready = s.anew(ctx, t, person); !ready {
				return
			}
			continue
		case p != nil && person:
			t.unheard = p
			return
		case p != nil, ctx.Err() != nil, !person:
			return
		}
		s.heard(ctx, t, n)
		if t.heard || t.unheard != nil || try == tries || !s.listenAgain(ctx) {
			return
		}
	}
}

// anew warns once more before a row that broke is played again: who heard a part of it must not count that in.
func (s session) anew(ctx context.Context, t *take, person bool) (still, ready bool) {
	if !person {
		return false, true
	}
	t.unplayed = nil
	still = s.warn(ctx, t)
	return still, t.unplayed == nil
}

func (s session) playOnce(ctx context.Context, t *take, n int, tell checks.Progress) *checks.Problem {
	e, p := s.children.play(ctx, rateOf(t.input()), rateOf(t.output()), n, s.sounding(n, tell))
	t.keep(e, p)
	if p != nil && p.Code == codeStalled {
		s.lookAgain(ctx, t)
	}
	return p
}

// withoutOutput tells that there is surely nothing to hear with.
func (t take) withoutOutput() bool {
	return t.devices != nil && t.devices.Named && len(t.devices.Outputs) == 0
}

// keep keeps the better of two echoes: one that was found once is there.
func (t *take) keep(e *Echo, p *checks.Problem) {
	if e != nil && (t.echo == nil || e.Match >= t.echo.Match) {
		t.echo = e
	}
	t.unplayed = p
}

func rateOf(d *Device) int {
	if d == nil {
		return 0
	}
	return d.Rate
}

// warn says that sounds will come before they do: whoever wears a headset turns it down first. It answers whether a
// person is there who will say what was heard.
func (s session) warn(ctx context.Context, t *take) (person bool) {
	t.unheard = missing(codeNoListener)
	if !t.asked {
		return false
	}
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.listen", Choices: []string{"audio.answer.play", cannotHear, playNothing}})
	switch {
	case err != nil:
		return false
	case answer == cannotHear: // the microphone is listened to all the same
		t.unheard = missing(codeCannotHear)
		return false
	case answer == playNothing:
		t.unplayed = missing(checks.CodeDenied)
		t.unheard = t.unplayed
		return false
	}
	return true
}

// heard asks how many sweeps were heard.
func (s session) heard(ctx context.Context, t *take, n int) {
	choices := append([]string{heardNothing}, counted()...)
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.count", Choices: append(choices, cannotHear)})
	t.unheard = nil
	switch {
	case err != nil:
		t.unheard = missing(codeNoListener)
	case answer == cannotHear:
		t.unheard = missing(codeCannotHear)
	default:
		t.heard = answer == countOf(n)
	}
}

func (s session) listenAgain(ctx context.Context) bool {
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.listen_again", Choices: []string{"audio.answer.go_on", "audio.answer.again"}})
	return err == nil && answer == "audio.answer.again"
}

// sounding tells the progress of the playing.
func (s session) sounding(n int, tell checks.Progress) func(samples, rate int, level float64) {
	whole := sweepsLast(n)
	return func(samples, rate int, _ float64) {
		at := float64(samples) / float64(rate)
		tell(checks.Event{Step: "audio.step.play", Done: recordingShare + (1-recordingShare)*min(at/whole, 1), Left: left(whole - at)})
	}
}
