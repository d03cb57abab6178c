package path

import (
	"strconv"
	"strings"
)

// proxying says what the environment and the system set for the way to web pages. Only the kind is kept: the address
// may name the employer.
type proxying struct {
	kind string // none, manual or auto (a script, or one looked for in the network)
	from string // environment or system; empty for none
}

// Kinds of proxy setting, and where they stand.
const (
	proxyNone   = "none"
	proxyManual = "manual"
	proxyAuto   = "auto"

	proxyFromEnvironment = "environment"
	proxyFromSystem      = "system"
)

// environmentProxy reads the variables that programs without windows go by.
func environmentProxy(env func(string) string) bool {
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		if env(name) != "" {
			return true
		}
	}
	return false
}

// withEnvironment joins the system's setting, which browsers go by, with the environment's. The system's counts first.
func withEnvironment(env func(string) string, system string) proxying {
	switch {
	case system == proxyManual || system == proxyAuto:
		return proxying{kind: system, from: proxyFromSystem}
	case environmentProxy(env):
		return proxying{kind: proxyManual, from: proxyFromEnvironment}
	}
	return proxying{kind: proxyNone}
}

// parseGnome reads `gsettings list-recursively org.gnome.system.proxy`. GNOME takes "manual" without any host for none.
func parseGnome(text string) (string, error) {
	mode, hosts := "", false
	for line := range strings.Lines(text) {
		field := strings.Fields(line) // schema, key, value
		switch {
		case len(field) != 3:
		case field[0] == "org.gnome.system.proxy" && field[1] == "mode":
			mode = strings.Trim(field[2], "'")
		case field[1] == "host" && field[2] != "''" && field[0] != "org.gnome.system.proxy.ftp":
			hosts = true
		}
	}
	switch {
	case mode == "auto":
		return proxyAuto, nil
	case mode == "manual" && hosts:
		return proxyManual, nil
	case mode == "manual" || mode == "none":
		return proxyNone, nil
	}
	return "", because(codeLinkUntold)
}

// parseKDE reads ProxyType in KDE's kioslaverc. Where nothing was ever set, there is no proxy.
func parseKDE(text string) string {
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = line == "[Proxy Settings]"
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, _, _ = strings.Cut(strings.TrimSpace(key), "[") // "ProxyType[$i]" is one that the hire cannot change
		if !in || !ok || key != "ProxyType" {
			continue
		}
		switch strings.TrimSpace(value) {
		case "1":
			return proxyManual
		case "2", "3": // a script, or one looked for in the network
			return proxyAuto
		}
		return proxyNone // 4: the environment, which is read anyway
	}
	return proxyNone
}

// parseScutil reads `scutil --proxy`: a dictionary of numbers and texts, a line each.
func parseScutil(text string) (string, error) {
	if !strings.Contains(text, "<dictionary>") {
		return "", because(codeLinkUntold)
	}
	on := map[string]bool{}
	depth := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasSuffix(line, "{"):
			depth++
		case line == "}":
			depth--
		default:
			key, value, _ := strings.Cut(line, " : ")
			number, err := strconv.Atoi(value)
			on[key] = on[key] || depth == 1 && err == nil && number != 0 // deeper ones are of single interfaces
		}
	}
	switch {
	case on["ProxyAutoConfigEnable"], on["ProxyAutoDiscoveryEnable"]:
		return proxyAuto, nil
	case on["HTTPEnable"], on["HTTPSEnable"], on["SOCKSEnable"]:
		return proxyManual, nil
	}
	return proxyNone, nil
}

// internetSettings are the values of Windows' key of that name. That it looks for a proxy in the network by itself is
// its default, and no setting.
type internetSettings struct {
	enabled bool   // ProxyEnable
	server  string // ProxyServer
	script  string // AutoConfigURL
}

func (s internetSettings) kind() string {
	switch {
	case s.script != "":
		return proxyAuto
	case s.enabled && s.server != "":
		return proxyManual
	}
	return proxyNone
}
