package path

// Codes of this check's own reasons, beside those of the computer's facts and of the stages of endpoints.
const (
	codeDNSDead         = "dns_dead"         // names that are there were not found
	codeNoNames         = "dns_no_names"     // there was no name to look up
	codeNoUDP           = "udp_not_offered"  // nobody was there to answer over UDP
	codeUDPUnclear      = "udp_unclear"      // silence that may be the far end's
	codeNATUnclear      = "nat_unclear"      // too few answers to compare
	codeMTUUnclear      = "mtu_unclear"      // no size came back, though a small probe did
	codeIPv6Untried     = "ipv6_untried"     // announced, and nobody known to try it with
	codeISPUnnamed      = "isp_unnamed"      // the address has no name
	codeClockUnread     = "clock_unread"     // the office's clock was not read
	codeOfficeClock     = "office_clock"     // the office's clock is wrong, as others say
	codeClocksDiffer    = "clocks_differ"    // one of two clocks is wrong
	codeCertificateDate = "certificate_date" // not valid by this computer's clock
	codeNotEncrypted    = "not_encrypted"    // the office end itself speaks no TLS
	codeNotIntercepted  = "not_intercepted"  // nobody to name
	codeEndpointOdd     = "endpoint_odd"     // the policy names an endpoint that cannot be asked
	codeEndpointSilent  = "endpoint_silent"  // nothing came back, which over UDP says nothing
	codeNoEndpoints     = "no_endpoints"     // the policy names none
	codeByProxy         = "by_proxy"         // a proxy does this stage
	codeNoStage         = "no_stage"         // no endpoint got so far
)
