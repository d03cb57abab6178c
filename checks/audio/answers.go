package audio

import (
	"slices"

	"deskready/checks"
)

// answers are the measurements.
func (t take) answers() []checks.Measurement {
	class, p := t.diagnose()
	first := diagnosis.Named("", class)
	if p != nil {
		first = diagnosis.Missing("", p)
	}
	return append([]checks.Measurement{first,
		t.name(microphone, t.input(), codeNoMicrophone), t.name(output, t.output(), codeNoOutput),
		t.property(identity, func(d Device) (checks.Measurement, bool) { return identity.Named("", d.USB), d.USB != "" }),
		t.property(connection, func(d Device) (checks.Measurement, bool) {
			return connection.Named("", d.Connection), d.Connection != ""
		}),
		t.property(volume, func(d Device) (checks.Measurement, bool) {
			if d.Volume == nil {
				return checks.Measurement{}, false
			}
			return volume.Of("", *d.Volume), true
		}),
		t.property(sampling, func(d Device) (checks.Measurement, bool) { return sampling.Of("", float64(d.Rate)), d.Rate > 0 }),
		t.truth(headset, t.input()), t.truth(both, t.byDefault(), t.output())}, slices.Concat(t.numbers(), t.playback())...)
}

// byDefault is the microphone that programs get, whichever was measured.
func (t take) byDefault() *Device {
	if t.devices == nil {
		return nil
	}
	return pick(t.devices.Inputs, isDefault)
}

// property is what the microphone in use says of itself.
func (t take) property(m checks.Metric, of func(Device) (checks.Measurement, bool)) checks.Measurement {
	if d := t.input(); d != nil {
		if got, ok := of(*d); ok {
			return got
		}
		return m.Missing("", missing(codeNotKnown))
	}
	return t.name(m, nil, codeNoMicrophone)
}

// name is the name of a default device.
func (t take) name(m checks.Metric, d *Device, none string) checks.Measurement {
	switch {
	case t.devices == nil:
		return m.Missing("", t.noList())
	case d != nil && d.Name != "" && t.devices.Named:
		return m.Named("", d.Name)
	case d != nil, t.hidden():
		return m.Missing("", missing(codeNotKnown))
	case m.ID != output.ID && len(t.devices.Inputs) > 0:
		return m.Missing("", missing(codeWrongDefault))
	}
	return m.Missing("", missing(none))
}

// hidden tells that none of the devices is seen as itself, so that one that is not seen may be there all the same. No
// microphone at all is another matter: even a layer in between shows none then.
func (t take) hidden() bool { return !t.devices.Named && len(t.devices.Inputs) > 0 }

// noList is why the devices are not known.
func (t take) noList() *checks.Problem {
	switch {
	case t.unknown != nil:
		return t.unknown
	case t.fault != nil:
		return t.fault
	}
	return missing(codeFailed)
}

// truth says whether all of the devices are headsets; one that is known to be none, or not to be there, decides, and one
// that is not known leaves it open.
func (t take) truth(m checks.Metric, devices ...*Device) checks.Measurement {
	open := (*checks.Problem)(nil)
	for _, d := range devices {
		switch {
		case t.devices == nil:
			return m.Missing("", t.noList())
		case d == nil && len(t.devices.Inputs) == 0:
			return m.Missing("", missing(codeNoMicrophone))
		case d == nil && t.hidden():
			open = missing(codeNotKnown)
		case d == nil, d.Headset == noHeadset:
			return m.True("", false)
		case d.Headset != isHeadset:
			open = missing(codeNotKnown)
		}
	}
	if open != nil {
		return m.Missing("", open)
	}
	return m.True("", true)
}

// numbers are the figures, or why there are none. What only a voice can show is missing where none was heard.
func (t take) numbers() []checks.Measurement {
	switch f := t.figures; {
	case t.fault != nil:
		return none(t.fault, ofFigures()...)
	case f == nil:
		return none(missing(codeFailed), ofFigures()...)
	case f.Silent && zerosMayBeBlocked:
		return none(t.blocked(), ofFigures()...)
	case f.Silent:
		return none(missing(codeSilent), ofFigures()...)
	}
	return t.figures.answers(t.voiceless())
}

func none(p *checks.Problem, list ...checks.Metric) []checks.Measurement {
	var out []checks.Measurement
	for _, m := range list {
		out = append(out, m.Missing("", p))
	}
	return out
}

// playback is what came back of what was played, and what the person heard of it.
func (t take) playback() []checks.Measurement {
	said := hearing.True("", t.heard)
	said.By = checks.ByHire
	switch {
	case t.fault != nil:
		said = hearing.Missing("", t.fault)
	case t.unheard != nil:
		said = hearing.Missing("", t.unheard)
	}
	return append(t.echoes(), said)
}

// echoes are the figures of the echo. That nothing came back proves nothing where nobody heard it: with the volume at
// zero, loudspeakers are as quiet as a headset.
func (t take) echoes() []checks.Measurement {
	e := t.echo
	switch {
	case t.fault != nil:
		return none(t.fault, echoLoss, echoDelay)
	case e == nil && t.unplayed != nil:
		return none(t.unplayed, echoLoss, echoDelay)
	case e == nil:
		return none(missing(codeFailed), echoLoss, echoDelay)
	case e.Silent && zerosMayBeBlocked:
		return none(t.blocked(), echoLoss, echoDelay)
	case e.Silent:
		return none(missing(codeSilent), echoLoss, echoDelay)
	case e.Found > 0:
		return []checks.Measurement{echoLoss.Of("", e.Loss), echoDelay.Of("", max(e.Delay, 0))}
	case !t.heard:
		return none(missing(codeEchoUnproved), echoLoss, echoDelay)
	}
	loss := echoLoss.Of("", e.Loss)
	loss.AtLeast = true
	return []checks.Measurement{loss, echoDelay.Missing("", missing(codeNoEcho))}
}
