package call

import (
	"math"
	"testing"
	"time"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s = %.6g, want %.6g within %.3g", what, got, want, within)
	}
}

// The published end of it all: G.107, 7.7.
func TestDefaultsGivePublishedRating(t *testing.T) {
	r := planning().r()
	near(t, "R", r, 93.2, 0.05)
	near(t, "MOS", opinion(r), 4.41, 0.005)
}

// G.107 Annex B, Table B.1. The row of R 80 is rounded up there: 4.024 by the formula of the same annex.
func TestOpinionAgainstTableB1(t *testing.T) {
	for _, row := range []struct{ r, mos float64 }{{90, 4.34}, {80, 4.03}, {70, 3.60}, {60, 3.10}, {50, 2.58}} {
		near(t, "MOS", opinion(row.r), row.mos, 0.01)
	}
	for _, row := range []struct{ r, mos float64 }{{-20, 1}, {0, 1}, {3, 1}, {100, 4.5}, {120, 4.5}, {math.NaN(), 1}} {
		if got := opinion(row.r); got != row.mos {
			t.Errorf("opinion(%v) = %v, want %v", row.r, got, row.mos)
		}
	}
}

func TestOpinionNeverFallsAsRatingRises(t *testing.T) {
	last := 0.0
	for r := -10.0; r < 110; r += 0.25 {
		if got := opinion(r); got < last {
			t.Fatalf("MOS falls to %v at R %v", got, r)
		} else {
			last = got
		}
	}
}

// Without echo (T = 0) only Idd speaks: this is the curve of G.114, Figure 1. The second column has talker echo at TELR 65 dB.
func TestDelayCurve(t *testing.T) {
	for _, row := range []struct{ ta, silent, echo float64 }{
		{0, 93.206, 93.206}, {50, 93.206, 91.756}, {100, 93.206, 90.664}, {150, 93.043, 89.539}, {200, 90.162, 85.805},
		{300, 78.446, 72.666}, {400, 69.136, 62.247}, {500, 62.570, 54.803},
	} {
		m := planning()
		m.ta = row.ta
		near(t, "R without echo", m.r(), row.silent, 0.001)
		m.t, m.tr = m.ta, 2*m.ta
		near(t, "R with echo", m.r(), row.echo, 0.001)
	}
}

// Cole and Rosenbluth, "Voice over IP performance monitoring" (2001), fitted a line to the E-model with echo: an oracle from other
// hands, good to one point of R up to 300 ms.
func TestDelayAgainstColeRosenbluth(t *testing.T) {
	for ta := 10.0; ta <= 300; ta += 10 {
		r, _ := rating(time.Duration(ta*float64(time.Millisecond)), 0, 1)
		near(t, "R", r, 93.2-0.024*ta-0.11*max(0, ta-177.3), 1)
	}
}

// By hand: 95·Ppl / (Ppl/BurstR + Bpl).
func TestEquipmentImpairment(t *testing.T) {
	for _, row := range []struct{ ie, bpl, ppl, burst, want float64 }{
		{0, 25.1, 0, 1, 0},
		{0, 25.1, 1, 1, 95.0 / 26.1},
		{0, 25.1, 5, 1, 475.0 / 30.1},
		{0, 25.1, 5, 2, 475.0 / 27.6},
		{0, 4.3, 2, 1, 190.0 / 6.3},
		{11, 19, 0, 1, 11},
		{11, 19, 3, 1.5, 11 + 84*3.0/21},
	} {
		m := planning()
		m.ie, m.bpl, m.ppl, m.burstR = row.ie, row.bpl, row.ppl, row.burst
		near(t, "Ie,eff", m.equipment(), row.want, 1e-12)
	}
}

// Values of a separate computation of the same standard, for the corners that the defaults do not reach.
func TestEveryParameterCounts(t *testing.T) {
	strong, weak, loud, all := planning(), planning(), planning(), planning()
	strong.stmr, strong.t, strong.tr, strong.ta = 5, 50, 100, 50
	weak.stmr, weak.t, weak.tr, weak.ta = 25, 50, 100, 50
	loud.qdu, loud.nc, loud.ps, loud.pr, loud.slr, loud.rlr = 4, -60, 50, 55, 10, 5
	all.telr, all.t, all.tr, all.ta, all.wepl, all.ie = 35, 100, 200, 100, 40, 11
	all.bpl, all.ppl, all.burstR, all.a = 19, 3, 1.7, 5
	near(t, "strong sidetone", strong.r(), 87.751064, 1e-6)
	near(t, "weak sidetone", weak.r(), 87.614237, 1e-6)
	near(t, "noise", loud.r(), 73.663173, 1e-6)
	near(t, "echo and loss", all.r(), 25.664233, 1e-6)
}

func TestRatingHoldsItsRange(t *testing.T) {
	for _, delay := range []time.Duration{-time.Hour, 0, time.Second, time.Hour, math.MaxInt64} {
		for _, gone := range []float64{-1, 0, 0.5, 1, 2} {
			for _, burst := range []float64{0, 1, 1e9} {
				r, mos := rating(delay, gone, burst)
				if !(r >= 0 && r <= 100 && mos >= 1 && mos <= 4.5) {
					t.Errorf("rating(%v, %v, %v) = %v, %v", delay, gone, burst, r, mos)
				}
			}
		}
	}
}

func BenchmarkRating(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		rating(180*time.Millisecond, 0.01, 1.4)
	}
}
