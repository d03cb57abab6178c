package system

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// linuxFirewall tells of the firewalls that say so themselves. Their rules are read by administrators alone: that none
// of these runs does not say that there are no rules.
func linuxFirewall(ctx context.Context, s sources) (bool, error) {
	settings, _ := text(s.files, "etc/ufw/ufw.conf") // what is not there is not on
	if strings.EqualFold(parseOSRelease(settings)["ENABLED"], "yes") {
		return true, nil
	}
	// It ends with an error unless all are active: what it says counts.
	told, _ := s.run(ctx, "/usr/bin/systemctl", "is-active", "firewalld.service", "nftables.service")
	for line := range strings.Lines(string(told)) {
		if strings.TrimSpace(line) == "active" {
			return true, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return false, untold()
}

// linuxEncryption tells whether the disk that holds the folder lies on LUKS, itself or below (kernel,
// Documentation/ABI/testing/sysfs-block-dm; cryptsetup's UUIDs begin with CRYPT-). A folder that no disk of its own holds
// (network, container, btrfs) cannot be told.
func linuxEncryption(fsys fs.FS, folder string) (bool, error) {
	if folder == "" {
		return false, errUnsupported
	}
	table, err := read(fsys, "proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	device := mountedOn(table, folder)
	if device == "" || strings.HasPrefix(device, "0:") {
		return false, untold()
	}
	return encrypted(fsys, path.Join("sys/dev/block", device), 0)
}

// mountedOn is the number (major:minor) of the device that holds a folder (proc_pid_mountinfo(5)).
func mountedOn(table []byte, folder string) string {
	device, longest := "", 0
	lines := bufio.NewScanner(bytes.NewReader(table))
	lines.Buffer(nil, maxFile+1)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		at := fields[4]
		within := at == "/" || folder == at || strings.HasPrefix(folder, at+"/")
		if within && len(at) >= longest { // of two at one place, the later hides the earlier
			device, longest = fields[2], len(at)
		}
	}
	if strings.Trim(device, "0123456789:") != "" {
		return ""
	}
	return device
}

// deepest bounds the layers of a disk: LVM on RAID on LUKS is three.
const deepest = 8

func encrypted(fsys fs.FS, device string, depth int) (bool, error) {
	if !exists(fsys, device) || depth > deepest {
		return false, untold()
	}
	uuid, err := text(fsys, path.Join(device, "dm/uuid"))
	switch {
	case strings.HasPrefix(uuid, "CRYPT-"):
		return true, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	below, err := fs.ReadDir(fsys, path.Join(device, "slaves"))
	if err != nil || len(below) == 0 {
		return false, nil
	}
	for _, e := range below { // all of them: one plain part is readable
		yes, err := encrypted(fsys, path.Join(device, "slaves", e.Name()), depth+1)
		if err != nil || !yes {
			return false, err
		}
	}
	return true, nil
}

// linuxComputer reads what the firmware and the kernel say of the computer itself.
func linuxComputer(fsys fs.FS) (string, error) {
	kernel, _ := text(fsys, "proc/version")
	groups, _ := text(fsys, "proc/1/cgroup")
	vendor, errVendor := text(fsys, "sys/class/dmi/id/sys_vendor")
	product, _ := text(fsys, "sys/class/dmi/id/product_name")
	features, errFeatures := read(fsys, "proc/cpuinfo")
	flags := cpuFlags(features)
	switch {
	case strings.Contains(strings.ToLower(kernel), "microsoft"):
		return wsl, nil
	case exists(fsys, ".dockerenv"), exists(fsys, "run/.containerenv"), inContainer(groups):
		return container, nil
	case virtualMaker(vendor, product):
		return vmSure, nil
	case strings.Contains(flags, " hypervisor "): // a fact of the processor, whoever made the computer
		return vmLikely, nil
	case errVendor != nil && (errFeatures != nil || flags == ""): // ARM has no such flag
		return "", untold()
	}
	return noSign, nil
}

func inContainer(groups string) bool {
	for _, mark := range []string{"/docker/", "/docker-", "/lxc/", "/lxc.payload", "/kubepods", "/libpod-"} {
		if strings.Contains(groups, mark) {
			return true
		}
	}
	return false
}

// cpuFlags are the features of the first processor, with a space before and behind each.
func cpuFlags(cpuinfo []byte) string {
	for line := range strings.Lines(string(cpuinfo)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "flags" {
			return " " + strings.Join(strings.Fields(value), " ") + " "
		}
	}
	return ""
}

// linuxSession reads the marks that remote sessions leave in the environment, and systemd's record of the session.
func linuxSession(s sources) (string, error) {
	for _, name := range []string{"SSH_CONNECTION", "SSH_TTY", "XRDP_SESSION", "CHROME_REMOTE_DESKTOP_SESSION"} {
		if s.env(name) != "" {
			return remoteSure, nil
		}
	}
	if s.env("VNCDESKTOP") != "" {
		return remoteLikely, nil
	}
	id := s.env("XDG_SESSION_ID")
	if id == "" || strings.ContainsAny(id, "/.") {
		return "", untold()
	}
	record, err := text(s.files, path.Join("run/systemd/sessions", id))
	if err != nil {
		return "", untold()
	}
	if parseOSRelease(record)["REMOTE"] == "1" {
		return remoteSure, nil
	}
	return noSign, nil
}
