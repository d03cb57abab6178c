package audio

import "deskready/checks"

// The limits by which audio.diagnosis names a class. They are fixed; policies may judge the figures instead.
const (
	// RFC 7874, section 4: active speech at -22 dBov, give or take 6 dB. Automatic gain control lifts 15 dB more (ITU-T
	// G.169), so only a level that even that cannot mend is called low.
	levelLow = -28 - 15
	// Over the window of RFC 7874 a level is called high only where nothing is left over the peaks.
	levelHigh, peakHigh = -16, 0.89
	// 12 dB of speech over noise, and 1 % of clipped samples, are where listeners begin to lose words: our own choice,
	// proved on made signals.
	snrLow, clippingHigh = 12, 0.01
	// One gap in 6 s may be a computer that was busy for a moment, and concealment bridges it; 3 % is 180 ms of words.
	// Our own choice.
	dropoutsHigh = 0.03
	// Mains tones ten times their surroundings, and loud enough to be heard beside speech at its usual level.
	humHigh, humLoud = 10, -50
	// A telephone's band ends under 4 kHz (ITU-T G.712); wideband starts at 7 kHz (ITU-T P.341).
	bandNarrow = 4200
	// A tenth of this is harmless.
	offsetHigh = 0.05
)

// diagnose names the one first cause, or says why none can be named. It never says "pass" of what was not heard.
func (t take) diagnose() (class string, p *checks.Problem) {
	if t.fault != nil {
		return t.faulty()
	}
	if t.figures == nil {
		return "", missing(codeFailed)
	}
	switch {
	case t.devices != nil && t.devices.Named && len(t.devices.Outputs) == 0:
		return codeNoOutput, nil
	case t.figures.Silent && zerosMayBeBlocked:
		return "", missing(codeBlocked)
	case t.figures.Silent:
		return codeSilent, nil
	case t.headsetElsewhere():
		return codeWrongDefault, nil
	}
	if p := t.voiceless(); p != nil {
		if p.Code == codeNoSpeech {
			return codeNoSpeech, nil
		}
		return "", p
	}
	return t.figures.class(), nil
}

// voiceless is why there are no figures of a voice.
func (t take) voiceless() *checks.Problem {
	switch {
	case t.figures.Speech:
		return nil
	case t.asked:
		return missing(codeNoSpeech)
	}
	return missing(codeNobodyAsked)
}

// faulty is the class of what kept figures away, where it is one.
func (t take) faulty() (string, *checks.Problem) {
	switch t.fault.Code {
	case codeNoServer:
		return codeNoMicrophone, nil
	case codeFrozen:
		return codeStalled, nil
	case codeNoMicrophone, codeStalled, codeUnplugged, codeSilent, codeWrongDefault:
		return t.fault.Code, nil
	}
	return "", t.fault
}

// headsetElsewhere is the commonest trap: a headset is there, and programs get another microphone. It is only said
// where both are known.
func (t take) headsetElsewhere() bool {
	in := t.input()
	return in != nil && in.Headset == noHeadset &&
		pick(t.devices.Inputs, func(d Device) bool { return d.Headset == isHeadset }) != nil
}

// class is what is wrong with a voice that was heard, first causes first: hum is noise, so it goes before it.
func (f *Figures) class() string {
	switch {
	case f.Clipping > clippingHigh:
		return "clipping"
	case f.Level < levelLow:
		return "level_low"
	case f.Level > levelHigh && f.Peak > peakHigh:
		return "level_high"
	case f.Hum > humHigh && f.HumLevel > humLoud:
		return "hum"
	case f.ratio() < snrLow:
		return "noise_high"
	case f.Dropouts > dropoutsHigh:
		return "dropouts"
	case f.Bandwidth < bandNarrow && !f.Masked:
		return "narrowband"
	case f.DCOffset > offsetHigh:
		return "dc_offset"
	}
	return "pass"
}

// answers are the measurements.
func (t take) answers() []checks.Measurement {
	class, p := t.diagnose()
	first := diagnosis.Named("", class)
	if p != nil {
		first = diagnosis.Missing("", p)
	}
	return append([]checks.Measurement{first,
		t.name(microphone, t.input(), codeNoMicrophone), t.name(output, t.output(), codeNoOutput),
		t.truth(headset, t.input()), t.truth(both, t.input(), t.output())}, t.numbers()...)
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
	case m.ID == microphone.ID && len(t.devices.Inputs) > 0:
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

// numbers are the figures, or why there are none.
func (t take) numbers() []checks.Measurement {
	switch f := t.figures; {
	case t.fault != nil:
		return none(t.fault, ofFigures()...)
	case f == nil:
		return none(missing(codeFailed), ofFigures()...)
	case f.Silent && zerosMayBeBlocked:
		return none(missing(codeBlocked), ofFigures()...)
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
