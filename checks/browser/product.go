package browser

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A product is a browser this program knows: how each system calls it.
type product struct {
	name     string
	releases string   // in the table of releases; empty: the table does not have it
	engine   bool     // its version begins with the major version of the Chromium inside
	mozilla  bool     // keeps application.ini beside its program
	desktops []string // Linux: ids of its launchers, without ".desktop", in lower case
	programs []string // Linux: names of its executable
	packages []string // Debian and Arch Linux, and their kin
	folders  []string // Linux: where the program lies when the launcher names a script elsewhere
	bundle   string   // macOS: bundle identifier
	app      string   // macOS: folder
	progIDs  []string // Windows: the names under which it is registered for links, up to a "-" or "."
	exes     []string // Windows: the end of the program's path, in lower case
	store    string   // Windows: its name as a package of the Microsoft Store
}

const (
	firefox    = "Mozilla Firefox"
	firefoxESR = "Mozilla Firefox ESR"
	safari     = "Safari"
)

// products are in the order in which they are reported.
var products = []product{
	{
		name: "Google Chrome", releases: "chrome",
		desktops: []string{"google-chrome", "google-chrome-stable", "com.google.chrome"},
		programs: []string{"google-chrome-stable", "google-chrome"}, packages: []string{"google-chrome-stable", "google-chrome"},
		bundle: "com.google.Chrome", app: "Google Chrome.app",
		progIDs: []string{"ChromeHTML"}, exes: []string{`\google\chrome\application\chrome.exe`},
	},
	{
		name: "Microsoft Edge", releases: "edge",
		desktops: []string{"microsoft-edge", "microsoft-edge-stable", "com.microsoft.edge"},
		programs: []string{"microsoft-edge-stable", "microsoft-edge"}, packages: []string{"microsoft-edge-stable", "microsoft-edge-stable-bin"},
		bundle: "com.microsoft.edgemac", app: "Microsoft Edge.app",
		progIDs: []string{"MSEdgeHTM"}, exes: []string{`\microsoft\edge\application\msedge.exe`},
	},
	{
		name: firefox, releases: "firefox", mozilla: true,
		desktops: []string{"firefox", "firefox_firefox", "org.mozilla.firefox"},
		programs: []string{"firefox"}, packages: []string{"firefox"},
		folders: []string{"/usr/lib/firefox", "/usr/lib64/firefox", "/opt/firefox"},
		bundle:  "org.mozilla.firefox", app: "Firefox.app",
		progIDs: []string{"FirefoxURL", "FirefoxHTML"},
		exes:    []string{`\mozilla firefox\firefox.exe`, `\firefox package root\firefox.exe`},
		store:   "Mozilla.Firefox",
	},
	{
		name: firefoxESR, releases: "firefox", mozilla: true,
		desktops: []string{"firefox-esr"},
		programs: []string{"firefox-esr"}, packages: []string{"firefox-esr"},
		folders: []string{"/usr/lib/firefox-esr", "/usr/lib64/firefox-esr"},
		exes:    []string{`\mozilla firefox esr\firefox.exe`},
	},
	{
		name: "Chromium", releases: "chrome",
		desktops: []string{"chromium", "chromium-browser", "chromium_chromium", "org.chromium.chromium"},
		programs: []string{"chromium", "chromium-browser"}, packages: []string{"chromium", "chromium-browser"},
		bundle: "org.chromium.Chromium", app: "Chromium.app",
		progIDs: []string{"ChromiumHTM"}, exes: []string{`\chromium\application\chrome.exe`},
	},
	{
		name: "Brave", releases: "chrome", engine: true,
		desktops: []string{"brave-browser", "brave_brave", "com.brave.browser"},
		programs: []string{"brave-browser-stable", "brave-browser", "brave"}, packages: []string{"brave-browser", "brave-bin"},
		bundle: "com.brave.Browser", app: "Brave Browser.app",
		progIDs: []string{"BraveHTML"}, exes: []string{`\bravesoftware\brave-browser\application\brave.exe`},
	},
	{
		name: "Opera", releases: "opera",
		desktops: []string{"opera", "opera_opera", "com.opera.opera"},
		programs: []string{"opera"}, packages: []string{"opera-stable", "opera"},
		bundle: "com.operasoftware.Opera", app: "Opera.app",
		progIDs: []string{"OperaStable"}, exes: []string{`\opera\opera.exe`, `\opera\launcher.exe`},
	},
	{
		// Its version is not Opera's, and no table has its days.
		name:   "Opera GX",
		bundle: "com.operasoftware.OperaGX", app: "Opera GX.app",
		progIDs: []string{"OperaGXStable", "Opera GXStable"}, exes: []string{`\opera gx\opera.exe`, `\opera gx\launcher.exe`},
	},
	{
		name:     "Vivaldi",
		desktops: []string{"vivaldi-stable", "vivaldi_vivaldi", "com.vivaldi.vivaldi"},
		programs: []string{"vivaldi-stable", "vivaldi"}, packages: []string{"vivaldi-stable", "vivaldi"},
		bundle: "com.vivaldi.Vivaldi", app: "Vivaldi.app",
		progIDs: []string{"VivaldiHTM"}, exes: []string{`\vivaldi\application\vivaldi.exe`},
	},
	{name: "Arc", bundle: "company.thebrowser.Browser", app: "Arc.app", store: "TheBrowserCompany.Arc"},
	{name: "DuckDuckGo", bundle: "com.duckduckgo.macos.browser", app: "DuckDuckGo.app", store: "DuckDuckGo.DesktopBrowser"},
	{name: safari, releases: "safari", bundle: "com.apple.Safari", app: "Safari.app"},
} // read only

func productOf(match func(product) bool) (product, bool) {
	if i := slices.IndexFunc(products, match); i >= 0 {
		return products[i], true
	}
	return product{}, false
}

func rank(name string) int {
	return slices.IndexFunc(products, func(p product) bool { return p.name == name })
}

// versionStart is a version as browsers have them, at the beginning of what a package calls its version. A package that
// only points to another one ("1snap1") has none.
var versionStart = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,8}){1,3}(esr)?`)

// versionIn finds the browser's version in a package's: without an epoch before it and a revision after it.
func versionIn(text string) string {
	if epoch, rest, ok := strings.Cut(text, ":"); ok && len(epoch) <= 2 {
		text = rest
	}
	return versionStart.FindString(text)
}

// numbers are the leading numbers of a version.
func numbers(version string) []int {
	var out []int
	for part := range strings.SplitSeq(strings.TrimSuffix(version, "esr"), ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			break
		}
		out = append(out, n)
	}
	return out
}
