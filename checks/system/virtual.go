package system

import (
	"regexp"
	"strings"
)

// What virtual machines and devices call themselves, on every system.

// makers of virtual machines, as their firmware names them (systemd's detect-virt looks for the same).
var makers = regexp.MustCompile(`(?i)^(qemu|vmware|innotek gmbh|xen|bochs|parallels|bhyve|openstack|amazon ec2|google compute engine|nutanix|red hat.*kvm|apple virtualization)`)

// products of makers who build real computers as well.
var virtualProducts = regexp.MustCompile(`(?i)^(virtual ?box|vmware|kvm|standard pc \(|virtual machine$|hvm domu|parallels|google compute engine|openstack|bhyve|virtualmac|apple virtual)`)

// virtualMaker knows a virtual machine by the names in its firmware. That a hypervisor runs says less: Windows 11 runs
// on one of its own on real computers.
func virtualMaker(vendor, product string) bool {
	vendor, product = strings.TrimSpace(vendor), strings.TrimSpace(product)
	return makers.MatchString(vendor) || virtualProducts.MatchString(product)
}

// virtualDevice are names of cameras and sound devices that programs make.
var virtualDevice = regexp.MustCompile(`(?i)\bvirtual\b|\bobs\b|loopback|v4l2|droidcam|manycam|snap ?camera|xsplit|mmhmm|iriun|epoccam|e2esoft|splitcam|` +
	`vb-?audio|voicemeeter|vb-?cable|blackhole|soundflower|voicemod|krisp|nvidia broadcast|rtx voice|background music|` +
	`zoomaudio|teams audio|dummy`)
