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
	// The least that a headset lets through of what it plays (ETSI ES 202 739, terminal coupling loss); loudspeakers let
	// through ten times more. A device that is known to be a headset is only doubted where the echo is as loud as from
	// loudspeakers: the ear pads of one that plays at full volume leak 50 dB lower, its cable 40. Our own choice.
	echoOfHeadset, echoOfSpeakers = 46, 30
	// One sweep found again may be chance once in a while, two or one without a doubt are not. Our own choice.
	echoSure = 0.8
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
	case t.withoutOutput():
		return codeNoOutput, nil
	case t.unplayed != nil && t.unplayed.Code == codeStalled: // the microphone stopped in the middle of the check
		return codeStalled, nil
	case t.figures.Silent && zerosMayBeBlocked:
		return "", t.blocked()
	case t.figures.Silent:
		return codeSilent, nil
	case t.headsetElsewhere():
		return codeWrongDefault, nil
	case t.fromSpeakers():
		return codeSpeakers, nil
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
	case t.mute: // whatever was heard is not the person's voice
		return missing(codeCannotSpeak)
	case t.figures.Speech:
		return nil
	case t.asked:
		return missing(codeNoSpeech)
	}
	return missing(codeNobodyAsked)
}

// blocked names the program whose permission counts, for support.
func (t take) blocked() *checks.Problem {
	if t.startedFrom == "" {
		return missing(codeBlocked)
	}
	return faultOf(codeBlocked, "started from "+t.startedFrom)
}

// fromSpeakers tells that what is played comes back in the microphone, as it does from loudspeakers.
func (t take) fromSpeakers() bool {
	e := t.echo
	if e == nil || e.Found == 0 || e.Found == 1 && e.Match < echoSure {
		return false
	}
	if out := t.output(); out != nil && out.Headset == isHeadset && out.Told == bySigns {
		return e.Loss < echoOfSpeakers
	}
	return e.Loss < echoOfHeadset
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
	if t.devices == nil || t.chosen != nil {
		return false
	}
	in := t.input() // not the default for calls of Windows: programs in a browser do not go by that
	return in != nil && in.Headset == noHeadset && pick(t.devices.Inputs, func(d Device) bool { return d.Headset == isHeadset }) != nil
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
