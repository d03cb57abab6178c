package call

import (
	"math"
	"time"
)

// An emodel holds the 21 parameters of the E-model, ITU-T G.107, by the names they have there. What it gives is a planning
// estimate of how people would rate a conversation, never a listening score.
type emodel struct {
	slr, rlr   float64 // dB: send and receive loudness ratings
	stmr, lstr float64 // dB: sidetone masking rating, listener sidetone rating
	ds, dr     float64 // D-values of the telephones, send and receive side
	telr, wepl float64 // dB: talker echo loudness rating, weighted echo path loss
	t, tr, ta  float64 // ms: mean one-way delay of the echo path, round-trip delay in the 4-wire loop, one-way delay without echo
	qdu        float64 // quantization distortion units
	ie, bpl    float64 // equipment impairment and packet-loss robustness of the codec, ITU-T G.113 Appendix I
	ppl        float64 // %: packets lost at random, late ones included
	burstR     float64 // mean length of a run of lost packets against what chance alone would make
	nc, nfor   float64 // dBm0p and dBmp: circuit noise, noise floor at the receive side
	ps, pr     float64 // dB(A): room noise at the send and receive side
	a          float64 // advantage factor
}

// planning gives the default values of G.107: R 93.2, MOS 4.41.
func planning() emodel {
	return emodel{
		slr: 8, rlr: 2, stmr: 15, lstr: 18, ds: 3, dr: 3, telr: 65, wepl: 110, qdu: 1, bpl: 4.3, burstR: 1,
		nc: -70, nfor: -64, ps: 35, pr: 35,
	}
}

// rating gives R and MOS, both estimates, of one direction of a call by delay from mouth to ear, by the share of packets (0 to 1)
// that the listener never hears, and by their burst ratio. The codec is G.711 with packet-loss concealment (Ie 0, Bpl 25.1: G.113
// Appendix I), for a customer's call passes the telephone network, and there are no such constants for Opus. Talker echo is
// rated too, at the default TELR of 65 dB and with the delay of the call itself (T = Ta, Tr = 2 Ta).
func rating(delay time.Duration, gone, burst float64) (r, mos float64) {
	m := planning()
	m.bpl = 25.1
	m.ta = max(0, float64(delay)/float64(time.Millisecond))
	m.t, m.tr = m.ta, 2*m.ta
	m.ppl = 100 * min(max(gone, 0), 1)
	m.burstR = max(1, burst)
	r = min(max(m.r(), 0), 100)
	return r, opinion(r)
}

// opinion turns R into the estimated mean opinion score, G.107 Annex B. The cubic dips under 1 for small R: held at 1.
func opinion(r float64) float64 {
	switch {
	case !(r > 0): // not a number counts as nothing heard
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

// r is the transmission rating factor Ro - Is - Id - Ie,eff + A. It is not held to 0..100 here.
func (m emodel) r() float64 {
	no := m.noise()
	ro := 15 - 1.5*(m.slr+no)
	ist := m.sidetone()
	is := m.loudness(no) + ist + m.quantizing(ro)
	id := m.talkerEcho(no, ist) + m.listenerEcho(ro) + m.absoluteDelay()
	return ro - is - id - m.equipment() + m.a
}

// noise is No, the power of all noise sources at the 0 dBr point, dBm0p.
func (m emodel) noise() float64 {
	olr := m.slr + m.rlr
	send := m.ps - m.slr - m.ds - 100 + 0.004*square(m.ps-olr-m.ds-14)
	pre := m.pr + 10*math.Log10(1+math.Pow(10, (10-m.lstr)/10))
	receive := m.rlr - 121 + pre + 0.008*square(pre-35)
	return 10 * math.Log10(power(m.nc)+power(send)+power(receive)+power(m.nfor+m.rlr))
}

// loudness is Iolr: a connection that is too loud.
func (m emodel) loudness(no float64) float64 {
	x := (m.slr + m.rlr + 0.2*(64+no-m.rlr)) / 8
	return 20 * (norm(x, 8) - x)
}

// sidetone is Ist: one's own voice in one's own ear.
func (m emodel) sidetone() float64 {
	s := -10 * math.Log10(power(-m.stmr)+math.Exp(-m.t/4)*power(-m.telr))
	return 12*norm((s-13)/6, 8) - 28*norm((s+1)/19.4, 35) - 13*norm((s-3)/33, 13) + 29
}

// quantizing is Iq.
func (m emodel) quantizing(ro float64) float64 {
	q := 37 - 15*math.Log10(m.qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46.0/30 - g/40
	return 15 * math.Log10(1+math.Pow(10, y)+math.Pow(10, z))
}

// talkerEcho is Idte, with G.107's corrections for weak and strong sidetone.
func (m emodel) talkerEcho(no, ist float64) float64 {
	terv := m.telr - 40*math.Log10((1+m.t/10)/(1+m.t/150)) + 6*math.Exp(-0.3*m.t*m.t)
	if m.stmr < 9 {
		terv += ist / 2
	}
	half := (-1.5*(no-m.rlr) - (80 + 2.5*(terv-14))) / 2
	echo := (half + math.Sqrt(half*half+100) - 1) * (1 - math.Exp(-m.t))
	if m.stmr > 20 {
		return math.Hypot(echo, ist)
	}
	return echo
}

// listenerEcho is Idle.
func (m emodel) listenerEcho(ro float64) float64 {
	half := (ro - 10.5*(m.wepl+7)*math.Pow(m.tr+1, -0.25)) / 2
	return half + math.Sqrt(half*half+169)
}

// absoluteDelay is Idd: too long a delay even without any echo.
func (m emodel) absoluteDelay() float64 {
	if m.ta <= 100 {
		return 0
	}
	x := math.Log2(m.ta / 100)
	return 25 * (norm(x, 6) - 3*norm(x/3, 6) + 2)
}

// equipment is Ie,eff: the codec, and packets lost.
func (m emodel) equipment() float64 {
	if m.ppl <= 0 {
		return m.ie
	}
	return m.ie + (95-m.ie)*m.ppl/(m.ppl/m.burstR+m.bpl)
}

func square(x float64) float64  { return x * x }
func power(db float64) float64  { return math.Pow(10, db/10) }
func norm(x, n float64) float64 { return math.Pow(1+math.Pow(x, n), 1/n) }
