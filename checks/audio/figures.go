package audio

import "deskready/checks"

// ofFigures are the metrics that figures answer.
func ofFigures() []checks.Metric {
	return []checks.Metric{floor, roomNoise, humming, offset, rateOff, speech, snr, clipping, dropouts, bandwidth}
}

// answers are the measurements of a microphone that gives sound. What only a voice can show is missing where none was
// heard, for the reason given.
func (f *Figures) answers(voiceless *checks.Problem) []checks.Measurement {
	room := []checks.Measurement{floor.Of("", f.Floor), f.room(), humming.Of("", f.Hum), offset.Of("", f.DCOffset), f.clock()}
	if voiceless != nil {
		return append(room, none(voiceless, speech, snr, clipping, dropouts, bandwidth)...)
	}
	level := speech.Of("", f.Level)
	level.Samples = f.Levels
	return append(room, level, snr.Of("", f.ratio()), clipping.Of("", f.Clipping), dropouts.Of("", f.Dropouts), f.band())
}

// room is the noise while nobody should speak.
func (f *Figures) room() checks.Measurement {
	switch {
	case f.Room == 0:
		return roomNoise.Missing("", missing(codeNobodyAsked))
	case f.Early:
		return roomNoise.Missing("", missing(codeSpokeEarly))
	case f.Room < leastRoom:
		return roomNoise.Missing("", missing(codeTooShort))
	}
	m := roomNoise.Of("", f.RoomNoise)
	m.Samples = f.RoomLevels
	return m
}

// clock is how well the device keeps its rate.
func (f *Figures) clock() checks.Measurement {
	if !f.Clocked {
		return rateOff.Missing("", missing(codeTooShort))
	}
	m := rateOff.Of("", f.RateError)
	m.Within = f.RateWithin
	return m
}

// band is how far up the voice reaches. Where noise would hide more, it is at least that; and nothing is known where
// that is no more than a telephone has.
func (f *Figures) band() checks.Measurement {
	if f.Masked && f.Bandwidth < bandNarrow {
		return bandwidth.Missing("", missing(codeNoise))
	}
	m := bandwidth.Of("", f.Bandwidth)
	m.AtLeast, m.Samples = f.Masked, f.Spectrum
	return m
}
