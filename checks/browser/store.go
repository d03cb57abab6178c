package browser

import "strings"

// The packages that are there for one user, from the Microsoft Store or elsewhere. Their programs are registered nowhere
// else that others may read.
const storePackages = `HKCU\Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages`

// packages finds browsers among them, by their full names: Name_Version_Architecture_Resource_Publisher (Package identity,
// Windows documentation).
func (w registered) packages() []found {
	var all []found
	for _, full := range w.registry.keys(storePackages) {
		p, ok := byPackage(full)
		parts := strings.Split(full, "_")
		if !ok || len(parts) < 5 || parts[3] != "" { // parts of a package, such as a language, name a resource
			continue
		}
		if root := w.registry.text(storePackages+`\`+full, "PackageRootFolder"); p.mozilla && root != "" {
			application, _ := w.read(root+`\VFS\ProgramFiles\Firefox Package Root\application.ini`, maxEntry)
			if f, ok := mozillaVersion(application, nil); ok {
				all = append(all, f)
				continue
			}
		}
		// The Store wants four numbers, and the last to be zero.
		all = append(all, found{p.name, strings.TrimSuffix(versionIn(parts[1]), ".0")})
	}
	return all
}

// byPackage knows a browser by the name of its package, before the first "_".
func byPackage(full string) (product, bool) {
	name, _, ok := strings.Cut(full, "_")
	if !ok {
		return product{}, false
	}
	return productOf(func(p product) bool { return p.store != "" && strings.EqualFold(p.store, name) })
}
