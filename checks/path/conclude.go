package path

import (
	"slices"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// conclude makes measurements of what was seen. It is pure, and gives every metric an answer.
func conclude(s seen) []checks.Measurement {
	s.refine()
	passes := s.udp()
	out := s.facts.measurements()
	out = append(out, s.officeTime(), text(isp, s.desk.isp), s.names(), s.lies(), truth(portal, s.portal), truth(intercepted, s.desk.binding),
		s.issuer(), truth(udp, passes), s.translation(passes), s.six(), s.size(passes), s.clock())
	return append(out, s.endpoints()...)
}

// text is a fact as a measurement.
func text(m checks.Metric, f fact[string]) checks.Measurement {
	if f.missing != nil {
		return m.Missing("", f.missing)
	}
	return m.Named("", f.value)
}

// number is a fact as a measurement.
func number(m checks.Metric, f fact[float64]) checks.Measurement {
	if f.missing != nil {
		return m.Missing("", f.missing)
	}
	return m.Of("", f.value)
}

func (f facts) measurements() []checks.Measurement {
	hint := fact[string]{value: f.phone, missing: f.link.missing}
	switch {
	case f.phone != "":
		hint.missing = nil
	default:
		hint.value = phoneNone
	}
	tunnel := fact[bool]{value: f.vpn.value.any(), missing: f.vpn.missing}
	between := fact[bool]{value: f.proxy.value.kind != proxyNone, missing: f.proxy.missing}
	trip := gatewayRTT.Missing("", f.gateway.missing)
	if f.gateway.missing == nil {
		trip = gatewayRTT.Of("", median(spans(f.gateway.value.times)))
		trip.Samples = spans(f.gateway.value.times)
	}
	return []checks.Measurement{text(link, f.link), number(linkRate, f.rate), text(phone, hint), number(wifiSignal, f.signal),
		text(wifiBand, f.band), truth(vpn, tunnel), truth(proxy, between), trip}
}

// refine says whose doing it is that the office did not answer, now that all the rest is known.
func (s *seen) refine() {
	p := s.desk.about.missing
	if p == nil || !s.ticket {
		return
	}
	better := *p
	switch {
	case !s.route:
		better = checks.Problem{Code: checks.CodeNoNetwork, Detail: "no route", Side: checks.SideLine}
	case s.named && (p.Code == checks.CodeNoNetwork || p.Code == checks.CodeTimeout) && s.dns.value.dead():
		better = *s.dns.value.problem()
	case p.Code == checks.CodeTimeout && s.reachable():
		better.Side = checks.SideOffice
	}
	for _, place := range []**checks.Problem{&s.desk.about.missing, &s.desk.binding.missing, &s.desk.isp.missing, &s.portal.missing} {
		if *place != nil && **place == *p {
			*place = &better
		}
	}
}

// reachable says that something out there, other than the office, answered.
func (s *seen) reachable() bool {
	return slices.ContainsFunc(s.ends, func(e endSeen) bool { return e.tcp > 0 || e.udp > 0 || e.http > 0 })
}

// officeAnswers says that the office, or what stands in its place, said something.
func (s *seen) officeAnswers() bool {
	if !s.ticket {
		return false
	}
	p := s.desk.about.missing
	if p == nil {
		return true
	}
	switch p.Code {
	case checks.CodeNoNetwork, checks.CodeTimeout, checks.CodeInterrupted, codeDNSDead, office.CodeLost:
		return false
	}
	return true
}

// offline says that there is no network: no way out, or not one answer from anywhere.
func (s *seen) offline() bool {
	heard := s.officeAnswers() || s.dns.value.found > 0 || len(s.nat.value.maps) > 0 || s.v6.value.works || s.mtu.value.echo ||
		slices.ContainsFunc(s.ends, func(e endSeen) bool { return e.answer })
	return !s.route || !heard
}

func (s *seen) officeTime() checks.Measurement {
	if p := s.desk.about.missing; p != nil {
		return officeRTT.Missing("", p)
	}
	if len(s.desk.trips) < fewest {
		return officeRTT.Missing("", &checks.Problem{Code: codeClockUnread, Side: checks.SideUnknown})
	}
	var delays []time.Duration
	for _, e := range s.desk.trips {
		delays = append(delays, e.delay())
	}
	m := officeRTT.Of("", median(spans(delays)))
	m.Samples = spans(delays)
	return m
}

func (s *seen) clock() checks.Measurement {
	if p := s.desk.about.missing; p != nil {
		return clockSkew.Missing("", p)
	}
	var others []third
	for _, e := range s.ends {
		if e.date != nil {
			others = append(others, *e.date)
		}
	}
	return judgeClock(s.desk.trips, others)
}

func (s *seen) names() checks.Measurement {
	switch {
	case s.dns.missing != nil:
		return dns.Missing("", s.dns.missing)
	case !s.route && s.dns.value.found == 0:
		return dns.Missing("", &checks.Problem{Code: checks.CodeNoNetwork, Side: checks.SideLine})
	}
	return s.dns.value.measurement()
}

func (s *seen) lies() checks.Measurement {
	if s.dns.missing != nil {
		return dnsLies.Missing("", s.dns.missing)
	}
	return truth(dnsLies, s.dns.value.lie)
}

// issuer names who opens the connection, also where the connection was refused for it.
func (s *seen) issuer() checks.Measurement {
	b, name := s.desk.binding, s.desk.issuer
	untrusted := b.missing != nil && b.missing.Code == office.CodeUntrusted
	switch {
	case name != "" && (untrusted || b.missing == nil && b.value):
		return issuer.Named("", name)
	case b.missing != nil:
		return issuer.Missing("", b.missing)
	}
	return issuer.Missing("", &checks.Problem{Code: codeNotIntercepted, Side: checks.SideUnknown})
}

func (s *seen) udp() fact[bool] {
	if s.nat.missing != nil {
		return fact[bool]{missing: s.nat.missing}
	}
	if !s.ticket && s.nat.value.others == 0 {
		return fact[bool]{missing: &checks.Problem{Code: checks.CodeNoCollector, Side: checks.SideUnknown}}
	}
	other := otherUDP{
		answered: s.mtu.value.echo || slices.ContainsFunc(s.ends, func(e endSeen) bool { return e.udp > 0 }),
		office:   s.ticket && s.desk.about.missing == nil,
	}
	other.tcp = other.office || slices.ContainsFunc(s.ends, func(e endSeen) bool { return e.tcp > 0 })
	passes := judgeUDP(s.nat.value, other)
	if passes.missing != nil && s.ticket && s.desk.about.missing != nil {
		passes.missing = s.desk.about.missing // why nobody answered
	}
	return passes
}

func (s *seen) translation(passes fact[bool]) checks.Measurement {
	if s.nat.missing != nil {
		return nat.Missing("", s.nat.missing)
	}
	return judgeNAT(s.nat.value, passes)
}

func (s *seen) six() checks.Measurement {
	if s.v6.missing != nil {
		return ipv6.Missing("", s.v6.missing)
	}
	return judgeIPv6(s.v6.value, s.officeAnswers() || s.reachable())
}

func (s *seen) size(passes fact[bool]) checks.Measurement {
	switch {
	case s.mtu.missing != nil:
		return mtu.Missing("", s.mtu.missing)
	case s.mtu.value.problem != nil && s.desk.about.missing != nil:
		return mtu.Missing("", s.desk.about.missing)
	case s.mtu.value.problem != nil && s.mtu.value.problem.Code == office.CodeUDP && passes.value:
		// STUN came through: the echo's silence is not the line's.
		return mtu.Missing("", &checks.Problem{Code: codeMTUUnclear, Side: checks.SideUnknown})
	}
	return s.mtu.value.measurement()
}

// endpoints gives each endpoint its own measurements, and each metric at least one.
func (s *seen) endpoints() []checks.Measurement {
	var out []checks.Measurement
	offline, trapped := s.offline(), s.portal.missing == nil && s.portal.value
	given := map[string]bool{}
	for _, e := range s.ends {
		if given[e.at.subject()] {
			continue
		}
		given[e.at.subject()] = true
		switch {
		case e.failed != nil && offline:
			e.unknown = &checks.Problem{Code: checks.CodeNoNetwork, Side: checks.SideLine}
		case e.failed != nil && trapped: // the sign-in page says nothing of what lies behind it
			e.unknown = &checks.Problem{Code: office.CodePortal, Side: checks.SideLine}
		}
		out = append(out, e.measurements()...)
	}
	why := &checks.Problem{Code: codeNoStage, Side: checks.SideUnknown}
	if len(s.ends) == 0 {
		why = &checks.Problem{Code: codeNoEndpoints, Side: checks.SideUnknown}
	}
	for _, m := range []checks.Metric{endpoint, endpointRTT, endpointDNS, endpointTCP, endpointTLS, endpointHTTP} {
		if !slices.ContainsFunc(out, func(got checks.Measurement) bool { return got.Metric == m.ID }) {
			out = append(out, m.Missing("", why))
		}
	}
	return out
}

// measurements of one endpoint: whether it is reached, how far it is, and the times of the stages that it went through.
// The stage that failed is missing with its reason.
func (e endSeen) measurements() []checks.Measurement {
	subject := e.at.subject()
	if e.unknown != nil {
		return []checks.Measurement{endpoint.Missing(subject, e.unknown), endpointRTT.Missing(subject, e.unknown)}
	}
	out := []checks.Measurement{endpoint.True(subject, e.failed == nil)}
	trip := max(e.tcp, e.udp)
	switch {
	case trip > 0:
		out = append(out, endpointRTT.Of(subject, trip.Seconds()))
	case e.proxied && e.failed == nil:
		out = append(out, endpointRTT.Missing(subject, &checks.Problem{Code: codeByProxy, Side: checks.SideUnknown}))
	default:
		out = append(out, endpointRTT.Missing(subject, e.failed))
	}
	for _, stage := range []struct {
		metric checks.Metric
		took   time.Duration
		code   string
	}{
		{endpointDNS, e.dns, stageDNS}, {endpointTCP, e.tcp, stageTCP}, {endpointTLS, e.tls, stageTLS}, {endpointHTTP, e.http, stageHTTP},
	} {
		switch {
		case stage.took > 0:
			out = append(out, stage.metric.Of(subject, stage.took.Seconds()))
		case e.failed != nil && e.failed.Code == stage.code:
			out = append(out, stage.metric.Missing(subject, e.failed))
		}
	}
	return out
}
