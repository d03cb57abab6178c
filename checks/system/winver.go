package system

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Classes of editions of Windows, as its dates of support have them.
const (
	classHome       = "W" // Home, Pro, Pro Education, Pro for Workstations
	classEnterprise = "E" // Enterprise, Education, IoT Enterprise
	classLongTerm   = "L" // long term channel (LTSC)
	classIoT        = "I" // long term channel, IoT
)

// windowsVersion is what the registry says below SOFTWARE\Microsoft\Windows NT\CurrentVersion.
type windowsVersion struct {
	productName      string // still "Windows 10 Pro" on Windows 11
	displayVersion   string // "24H2"; since 20H2
	releaseID        string // "2004"; before that
	editionID        string // "Professional"
	installationType string // "Client", "Server"
	build            string // "26100"
	revision         int    // UBR
}

// firstWindows11 is the build that Windows 11 begins with.
const firstWindows11 = 22000

func (v windowsVersion) release() (release, error) {
	build, err := strconv.Atoi(v.build)
	if err != nil || build <= 0 {
		return release{}, unreadable("no build number")
	}
	name, class := edition(v.editionID)
	generation := "Windows 10"
	if build >= firstWindows11 {
		generation = "Windows 11"
	}
	r := release{revision: v.revision}
	if v.installationType == "Server" || build < 10240 {
		r.text = fmt.Sprintf("%s (%d)", v.productName, build)
		return r, nil
	}
	version := v.displayVersion
	if version == "" {
		version = v.releaseID
	}
	r.text = strings.Join(strings.Fields(fmt.Sprintf("%s %s %s (%d)", generation, name, version, build)), " ")
	if class != "" {
		r.key = fmt.Sprintf("windows %d %s", build, class)
	}
	return r, nil
}

// edition is the name and the class of an EditionID. "N" (without media features) and the like are served as their base.
func edition(id string) (name, class string) {
	base := id
	for _, suffix := range []string{"Eval", "N", "K"} {
		if trimmed := strings.TrimSuffix(base, suffix); trimmed != "" {
			base = trimmed
		}
	}
	switch base {
	case "Core", "CoreSingleLanguage", "CoreCountrySpecific":
		return "Home", classHome
	case "Professional", "ProfessionalSingleLanguage", "ProfessionalCountrySpecific":
		return "Pro", classHome
	case "ProfessionalEducation":
		return "Pro Education", classHome
	case "ProfessionalWorkstation":
		return "Pro for Workstations", classHome
	case "Cloud", "CloudEdition":
		return "SE", classHome
	case "Enterprise", "EnterpriseG":
		return "Enterprise", classEnterprise
	case "ServerRdsh":
		return "Enterprise multi-session", classEnterprise
	case "Education":
		return "Education", classEnterprise
	case "IoTEnterprise":
		return "IoT Enterprise", classEnterprise
	case "EnterpriseS":
		return "Enterprise LTSC", classLongTerm
	case "IoTEnterpriseS":
		return "IoT Enterprise LTSC", classIoT
	}
	return id, ""
}

// countCores counts the processor cores in what GetLogicalProcessorInformationEx(RelationProcessorCore) wrote: records
// that begin with their kind and their size, both 32 bits wide.
func countCores(buffer []byte) (int, error) {
	const head, kindCore = 8, 0
	n := 0
	for len(buffer) >= head {
		kind, size := binary.LittleEndian.Uint32(buffer), binary.LittleEndian.Uint32(buffer[4:])
		if size < head || uint64(size) > uint64(len(buffer)) {
			return 0, unreadable("a record of the processor has no good size")
		}
		if kind == kindCore {
			n++
		}
		buffer = buffer[size:]
	}
	return n, nil
}
